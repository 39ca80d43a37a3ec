import { createContextKey, type Attributes, type Context, type Span, trace } from '@opentelemetry/api'
import type { Tenant } from './tenant.ts'
import { isIdentity, noAttributes } from './values.ts'

/** Where a scope's attributes came from; decides what a later `setTenant` binds to. */
type ScopeKind = 'request' | 'tenant' | 'attributes' | 'remote'

/**
 * The attributes that hold for a stretch of work, linked to those of the work around it.
 *
 * A scope travels in the OpenTelemetry context. `setTenant` changes the scope, not the context, which is how identity
 * learned late reaches spans that are already open: they are stamped from their scope when they end.
 */
export class Scope {
  readonly kind: ScopeKind
  readonly parent: Scope | undefined
  /** The scope of the request this one is part of; itself where there is none around it. */
  readonly request: Scope
  /** The span that opened this request. */
  readonly opener: Span | undefined
  /** How many scopes are around this one. */
  readonly depth: number
  #own: Readonly<Attributes>
  #ownTenant: Tenant | undefined
  #boundTenant: Tenant | undefined
  #mergedFrom: Readonly<Attributes> | undefined
  #merged: Readonly<Attributes> = noAttributes

  constructor(
    kind: ScopeKind,
    own: Readonly<Attributes>,
    options: { parent?: Scope | undefined; tenant?: Tenant | undefined; opener?: Span } = {},
  ) {
    const parent = options.parent === undefined ? undefined : bounded(options.parent)
    this.kind = kind
    this.parent = parent
    this.depth = parent === undefined ? 0 : parent.depth + 1
    this.request = kind === 'request' || parent === undefined ? this : parent.request
    this.opener = options.opener
    this.#own = own
    this.#ownTenant = options.tenant
  }

  /** The attributes in force now: those around, then this scope's own or the tenant bound in their place; frozen. */
  attributes(): Readonly<Attributes> {
    const inherited = this.parent === undefined ? noAttributes : this.parent.attributes()
    if (inherited !== this.#mergedFrom) {
      this.#mergedFrom = inherited
      const own = this.#boundTenant === undefined ? this.#own : without(this.#own, this.#ownTenant)
      this.#merged = merge(merge(inherited, own), this.#boundTenant)
    }
    return this.#merged
  }

  tenant(): Tenant | undefined {
    return this.#boundTenant ?? this.#ownTenant ?? this.parent?.tenant()
  }

  /** Binds a tenant to this scope in place of one bound before. */
  bind(tenant: Tenant): void {
    this.#boundTenant = tenant
    this.#mergedFrom = undefined
  }

  /** Adds attributes to this scope's own. */
  add(attributes: Readonly<Attributes>): void {
    this.#own = Object.freeze({ ...this.#own, ...attributes })
    this.#mergedFrom = undefined
  }

  /** Forgets every attribute of this scope that says who the work is for. */
  disown(): void {
    this.#own = Object.freeze(Object.fromEntries(Object.entries(this.#own).filter(([key]) => !isIdentity(key))))
    this.#ownTenant = undefined
    this.#boundTenant = undefined
    this.#mergedFrom = undefined
  }

  /** The scope a tenant learned now belongs to: the nearest that names one itself, else the whole request. */
  bindingTarget(): Scope {
    const isTarget = this.kind === 'tenant' || this.kind === 'request'
    return isTarget || this.parent === undefined ? this : this.parent.bindingTarget()
  }
}

/** Levels of nesting beyond which a scope is flattened: work that starts its successor would nest for ever. */
const maxDepth = 32

function bounded(scope: Scope): Scope {
  if (scope.depth < maxDepth) return scope
  const { request } = scope
  const known = request.attributes()
  const beyond = Object.entries(scope.attributes()).filter(([key, value]) => value !== known[key])
  const own = Object.freeze(Object.fromEntries(beyond))
  // What is learned later belongs to the request, as before, unless a tenant was named on the way.
  return scope.bindingTarget() === request
    ? new Scope('attributes', own, { parent: request })
    : new Scope('tenant', own, { parent: request, tenant: scope.tenant() })
}

/** Attributes without those of a tenant that another one replaces. */
function without(attributes: Readonly<Attributes>, tenant: Tenant | undefined): Readonly<Attributes> {
  if (tenant === undefined) return attributes
  return Object.freeze(Object.fromEntries(Object.entries(attributes).filter(([key]) => !Object.hasOwn(tenant, key))))
}

/** Inner attributes win; those of another tenant (`tenant.*`) do not shine through, those of the actor do. */
function merge(outer: Readonly<Attributes>, inner: Readonly<Attributes> | undefined): Readonly<Attributes> {
  if (inner === undefined || inner === noAttributes) return outer
  if (outer === noAttributes) return Object.isFrozen(inner) ? inner : Object.freeze({ ...inner })
  const replacesTenant = inner['tenant.id'] !== undefined && inner['tenant.id'] !== outer['tenant.id']
  if (!replacesTenant) return Object.freeze({ ...outer, ...inner })
  const kept = Object.entries(outer).filter(([key]) => !key.startsWith('tenant.'))
  return Object.freeze({ ...Object.fromEntries(kept), ...inner })
}

const scopeKey = createContextKey('signalbox.scope')
const spanScope = Symbol('signalbox.scope')

type SpanWithScope = Span & { [spanScope]?: Scope }

/** The scope a span was started in, or opened. */
export function scopeOfSpan(span: object): Scope | undefined {
  return (span as SpanWithScope)[spanScope]
}

export function setScopeOfSpan(span: object, scope: Scope): void {
  ;(span as SpanWithScope)[spanScope] = scope
}

export function scopeOf(context: Context): Scope | undefined {
  const scope = context.getValue(scopeKey) as Scope | undefined
  if (scope !== undefined) return scope
  const span = trace.getSpan(context)
  return span === undefined ? undefined : scopeOfSpan(span)
}

/** The scope the context itself carries, leaving its span aside. */
export function ownScopeOf(context: Context): Scope | undefined {
  return context.getValue(scopeKey) as Scope | undefined
}

export function withScope(context: Context, scope: Scope): Context {
  return context.setValue(scopeKey, scope)
}
