import {
  type Context,
  propagation,
  SpanKind,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api'
import { isTracingSuppressed } from '@opentelemetry/core'
import { formatBaggage, parseBaggage, token } from './baggage.ts'
import { hostMatcher } from './hosts.ts'
import { Scope, scopeOf, withScope } from './scope.ts'
import { brandTenant, type Tenant } from './tenant.ts'
import { unrecordedSpan } from './unrecorded-span.ts'
import { noAttributes } from './values.ts'

const header = 'baggage'

export interface TenantPropagatorOptions {
  /** Patterns of hosts that may learn the tenant; see `hostMatcher`. */
  readonly to: readonly string[]
  /** Attribute keys that are sent as baggage, and the only ones read from it. */
  readonly keys: readonly string[]
  /** True where callers are not trusted: baggage that comes in is dropped. */
  readonly edge: boolean
}

/**
 * Carries the tenant from service to service as W3C baggage, to hosts that may know it and to no others.
 *
 * The destination is the `server.address` of the client span the request is made in: instrumentations set it before
 * they inject. A producer's message goes to the own queue and carries it. Where neither is known nothing is sent.
 */
export class TenantPropagator implements TextMapPropagator {
  readonly #mayLearn: (host: string) => boolean
  readonly #keys: ReadonlySet<string>
  readonly #edge: boolean

  constructor(options: TenantPropagatorOptions) {
    this.#mayLearn = hostMatcher(options.to)
    this.#keys = new Set(options.keys.filter((key) => token.test(key)))
    this.#edge = options.edge
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (isTracingSuppressed(context)) return
    const attributes = scopeOf(context)?.attributes() ?? noAttributes
    const entries = propagation.getBaggage(context)?.getAllEntries() ?? []
    if ((attributes === noAttributes && entries.length === 0) || !this.#isTrusted(context)) return
    const value = formatBaggage(attributes, this.#keys, entries)
    if (value !== '') setter.set(carrier, header, value)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    if (this.#edge) return context
    const raw = getter.get(carrier, header)
    if (raw === undefined || raw.length === 0) return context
    const found = parseBaggage(Array.isArray(raw) ? raw.join(',') : raw, this.#keys)
    const keys = Object.keys(found)
    if (keys.length === 0) return context
    const entries = Object.fromEntries(keys.map((key) => [key, { value: found[key] as string }]))
    const scope = new Scope('remote', Object.freeze({ ...found }), { tenant: tenantOf(found) })
    return withScope(propagation.setBaggage(context, propagation.createBaggage(entries)), scope)
  }

  fields(): string[] {
    return [header]
  }

  #isTrusted(context: Context): boolean {
    const span = trace.getSpan(context)
    if (span === undefined) return false
    const { kind, attributes } = span as { kind?: SpanKind; attributes?: Record<string, unknown> }
    const unrecorded = unrecordedSpan(span.spanContext())
    const spanKind = kind ?? unrecorded?.kind
    if (spanKind === SpanKind.PRODUCER) return true
    const address = attributes?.['server.address'] ?? unrecorded?.serverAddress
    return spanKind === SpanKind.CLIENT && typeof address === 'string' && this.#mayLearn(address)
  }
}

/** The tenant among attributes that came from another service. */
function tenantOf(attributes: Readonly<Record<string, string>>): Tenant | undefined {
  if (attributes['tenant.id'] === undefined) return undefined
  const own = Object.entries(attributes).filter(([key]) => /^(?:tenant|user|workos)\./.test(key))
  return brandTenant(Object.fromEntries(own))
}
