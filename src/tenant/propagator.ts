import {
  type Attributes,
  type Context,
  propagation,
  type Span,
  SpanKind,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api'
import { isTracingSuppressed } from '@opentelemetry/core'
import { diagnostics } from '../diagnostics.ts'
import { formatBaggage, parseBaggage, token } from './baggage.ts'
import { hostMatcher } from './hosts.ts'
import { isMessage } from './message.ts'
import { Scope, scopeOf, withScope } from './scope.ts'
import { type SignatureFault, TenantSigner } from './signature.ts'
import { brandTenant, type Tenant } from './tenant.ts'
import { unrecordedSpan } from './unrecorded-span.ts'
import { isIdentity, noAttributes } from './values.ts'

const header = 'baggage'

export interface TenantPropagatorOptions {
  /** Patterns of hosts that may learn the tenant; see `hostMatcher`. */
  readonly to: readonly string[]
  /** Tells of a request whether it must not learn the tenant, whatever `to` says: of somebody else's API at an inner address. */
  readonly withhold?: (destination: Attributes) => boolean
  /** Attribute keys that are sent as baggage, and the only ones read from it. */
  readonly keys: readonly string[]
  /** True where callers are not trusted: baggage that comes in is dropped. */
  readonly edge: boolean
  /** Keys that sign what goes out, the first, and vouch for what comes in, all. None: baggage is not signed. */
  readonly tenantKeys?: readonly Revealing[]
  /** Milliseconds for which signed baggage of a request is good. Default: 5 minutes. */
  readonly tenantTtlMs?: number
  /** The same for a message to a queue. Default: 7 days. */
  readonly jobTtlMs?: number
}

/** A wrapped secret. */
interface Revealing {
  reveal(): string
}

const defaultTenantTtlMs = 5 * 60_000
const defaultJobTtlMs = 7 * 24 * 60 * 60_000

/**
 * Carries the tenant from service to service as W3C baggage, to hosts that may know it and to no others.
 *
 * The destination is the `server.address` of the client span the request is made in: instrumentations set it before
 * they inject. A producer's message goes to the own queue and carries it. Where neither is known nothing is sent.
 *
 * With keys it is signed, bound to the trace and to a time. What comes in unsigned, altered, too late or under another
 * trace is ignored, counted (`tenant_baggage_ignored_<why>`) and said once.
 */
export class TenantPropagator implements TextMapPropagator {
  readonly #mayLearn: (host: string) => boolean
  readonly #withhold: (destination: Attributes) => boolean
  readonly #keys: ReadonlySet<string>
  readonly #edge: boolean
  readonly #signer: TenantSigner | undefined
  readonly #ttlMs: { readonly request: number; readonly job: number }

  constructor(options: TenantPropagatorOptions) {
    this.#mayLearn = hostMatcher(options.to)
    this.#withhold = options.withhold ?? (() => false)
    this.#keys = new Set(options.keys.filter((key) => token.test(key)))
    this.#edge = options.edge
    const tenantKeys = options.tenantKeys ?? []
    this.#signer =
      tenantKeys.length === 0 ? undefined : new TenantSigner({ keys: tenantKeys.map((key) => key.reveal()) })
    this.#ttlMs = {
      request: options.tenantTtlMs ?? defaultTenantTtlMs,
      job: options.jobTtlMs ?? defaultJobTtlMs,
    }
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (isTracingSuppressed(context)) return
    const attributes = scopeOf(context)?.attributes() ?? noAttributes
    const entries = propagation.getBaggage(context)?.getAllEntries() ?? []
    if ((attributes === noAttributes && entries.length === 0) || !this.#isTrusted(context)) return
    const value = formatBaggage(attributes, this.#keys, entries, this.#signing(context))
    if (value !== '') setter.set(carrier, header, value)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    if (this.#edge && !isMessage(context)) return context
    const raw = getter.get(carrier, header)
    if (raw === undefined || raw.length === 0) return context
    const signer = this.#signer
    const traceId = trace.getSpanContext(context)?.traceId
    const verify: Parameters<typeof parseBaggage>[2] =
      signer && ((signature, read) => signer.verify(signature, traceId, read))
    const found = parseBaggage(Array.isArray(raw) ? raw.join(',') : raw, this.#keys, verify)
    if (typeof found === 'string') return ignored(context, found)
    const keys = Object.keys(found)
    if (keys.length === 0) return context
    const entries = Object.fromEntries(keys.map((key) => [key, { value: found[key] as string }]))
    const scope = new Scope('remote', Object.freeze({ ...found }), { tenant: tenantOf(found) })
    return withScope(propagation.setBaggage(context, propagation.createBaggage(entries)), scope)
  }

  fields(): string[] {
    return [header]
  }

  #signing(context: Context): Parameters<typeof formatBaggage>[3] {
    const signer = this.#signer
    const spanContext = trace.getSpanContext(context)
    if (signer === undefined || spanContext === undefined) return undefined
    const ttlMs = isForQueue(context) ? this.#ttlMs.job : this.#ttlMs.request
    return (members) => signer.sign(members, spanContext.traceId, ttlMs)
  }

  #isTrusted(context: Context): boolean {
    if (isForQueue(context)) return true
    const span = trace.getSpan(context)
    if (span === undefined) return false
    if (kindOf(span) !== SpanKind.CLIENT) return false
    const { attributes = unrecordedSpan(span.spanContext())?.destination ?? noAttributes } = span as SdkSpan
    const address = attributes['server.address']
    return typeof address === 'string' && this.#mayLearn(address) && !this.#withhold(attributes)
  }
}

/** What the SDK's spans have beyond the API's; one that is not recorded has none of it. */
type SdkSpan = Span & { readonly kind?: SpanKind; readonly attributes?: Attributes }

function kindOf(span: Span): SpanKind | undefined {
  return (span as SdkSpan).kind ?? unrecordedSpan(span.spanContext())?.kind
}

/** A message to a queue is the application's own, whoever reads it and whenever. */
function isForQueue(context: Context): boolean {
  const span = trace.getSpan(context)
  return isMessage(context) || (span !== undefined && kindOf(span) === SpanKind.PRODUCER)
}

const faults: Readonly<Record<SignatureFault, string>> = {
  unsigned: 'it is not signed. Set TELEMETRY_TENANT_KEY in the service that sent it',
  malformed: 'its signature is malformed',
  altered: 'its signature does not match: another TELEMETRY_TENANT_KEY, or somebody changed it',
  expired: 'its signature has expired (TELEMETRY_TENANT_TTL, TELEMETRY_TENANT_JOB_TTL)',
  replayed: 'it was signed for another trace',
}

function ignored(context: Context, fault: SignatureFault): Context {
  diagnostics.count(`tenant_baggage_ignored_${fault}`)
  diagnostics.once('warn', `tenant baggage was ignored: ${faults[fault]}.`)
  return context
}

/** The tenant among attributes that came from another service. */
function tenantOf(attributes: Readonly<Record<string, string>>): Tenant | undefined {
  if (attributes['tenant.id'] === undefined) return undefined
  const own = Object.entries(attributes).filter(([key]) => isIdentity(key))
  return brandTenant(Object.fromEntries(own))
}
