// Telemetry of this process that keeps what it records, and what the tests of both queues ask of it.
import type { Attributes } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Batch } from '../../../src/backends/backend.ts'
import { signatureKey, TenantSigner } from '../../../src/tenant/signature.ts'
import { startTelemetry, tenant, type TelemetryConfig, type Tenant } from '../../../src/index.ts'

export const tenantKey = 'a key of this test that is long enough to sign with'

export interface Recording {
  readonly spans: ReadableSpan[]
  readonly records: ReadableLogRecord[]
  readonly counters: () => Readonly<Record<string, number>>
  /** Spans of a name, in the order in which they ended. */
  named(name: string): ReadableSpan[]
  /** The only span of a name. */
  one(name: string): ReadableSpan
  /** Resolves with what `find` gives once that is neither undefined nor false; looks at each delivery. */
  until<T>(find: () => T | undefined | false, timeoutMs?: number): Promise<T>
  /** Resolves once there are as many spans of a name. */
  untilNamed(name: string, count: number): Promise<ReadableSpan[]>
  /** Delivers what was recorded. */
  flush(): Promise<boolean>
  clear(): void
  stop(): Promise<void>
}

/** Starts telemetry with a backend that keeps everything. */
export function record(config: TelemetryConfig = {}): Recording {
  const spans: ReadableSpan[] = []
  const records: ReadableLogRecord[] = []
  const waiting = new Set<() => void>()
  const deliver = (batch: Batch): Promise<{ kind: 'delivered' }> => {
    if (batch.signal === 'traces') spans.push(...batch.spans)
    else records.push(...batch.records)
    for (const look of waiting) look()
    return Promise.resolve({ kind: 'delivered' })
  }
  const telemetry = startTelemetry({
    backends: [{ name: 'kept', backend: { deliver } }],
    instrumentations: 'none',
    logging: { stdout: false },
    diagnosticLevel: 'none',
    batch: { maxAgeMs: 5 },
    ...config,
  })
  const named = (name: string): ReadableSpan[] => spans.filter((span) => span.name === name)
  const until: Recording['until'] = (find, timeoutMs = 15_000) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find()
        if (found === undefined || found === false) return
        waiting.delete(look)
        clearTimeout(timer)
        resolve(found)
      }
      const timer = setTimeout(() => {
        waiting.delete(look)
        reject(new Error(`not found among ${spans.map(({ name }) => name).join(', ')}; ${records.length} records`))
      }, timeoutMs)
      waiting.add(look)
      look()
    })
  return {
    spans,
    records,
    counters: () => telemetry.status().counters,
    named,
    one: (name) => {
      const [only, ...more] = named(name)
      if (only === undefined || more.length > 0)
        throw new Error(`${more.length + (only ? 1 : 0)} spans are named ${name}`)
      return only
    },
    until,
    untilNamed: (name, count) => until(() => named(name).length >= count && named(name)),
    flush: () => telemetry.flush(),
    clear: () => {
      spans.length = 0
      records.length = 0
    },
    stop: () => telemetry.stop(),
  }
}

/** A tenant of a name, with a user of its own. */
export const tenantOf = (id: string): Tenant => tenant({ id, userId: `user of ${id}` })

/** How two spans are tied: the child of the other one in its trace, linked to it from another, or neither. */
export function tie(span: ReadableSpan, sender: ReadableSpan): 'child' | 'linked' | 'none' {
  const { traceId, spanId } = sender.spanContext()
  const isIn = span.spanContext().traceId === traceId
  if (isIn && span.parentSpanContext?.spanId === spanId) return 'child'
  const isLinked = span.links.some(({ context }) => context.traceId === traceId && context.spanId === spanId)
  return isLinked && !isIn && span.parentSpanContext === undefined ? 'linked' : 'none'
}

export const linkReasonOf = (span: ReadableSpan): unknown => span.links[0]?.attributes?.['link.reason']

/** The exceptions recorded on a span. */
export const exceptionsOf = (span: ReadableSpan): (Attributes | undefined)[] =>
  span.events.filter(({ name }) => name === 'exception').map(({ attributes }) => attributes)

/** The log records written in a span. */
export const recordsOf = (records: readonly ReadableLogRecord[], span: ReadableSpan): ReadableLogRecord[] =>
  records.filter(({ spanContext }) => spanContext?.spanId === span.spanContext().spanId)

type Fields = Record<string, string>

/** Envelopes as somebody with access to the store may leave them, `own` being that of the job; for signed ones. */
export const tampered: readonly {
  readonly title: string
  readonly change: (own: Fields, other: Fields) => Fields
  readonly counter: string
}[] = [
  {
    title: 'changed to name another tenant',
    change: (own) => ({ ...own, baggage: String(own['baggage']).replaceAll('acme', 'bolt') }),
    counter: 'tenant_baggage_ignored_altered',
  },
  {
    title: 'extended',
    change: (own) => ({
      ...own,
      baggage: String(own['baggage']).replace('user.id=', 'tenant.app_name=x,user.id=x,user.id='),
    }),
    counter: 'tenant_baggage_ignored_altered',
  },
  {
    title: 'not signed',
    change: (own) => ({ ...own, baggage: 'tenant.id=bolt,user.id=eve' }),
    counter: 'tenant_baggage_ignored_unsigned',
  },
  {
    title: 'that of another tenant under this trace',
    change: (own, other) => ({ ...other, traceparent: String(own['traceparent']) }),
    counter: 'tenant_baggage_ignored_replayed',
  },
  {
    title: 'older than it may be',
    change: signedLongAgo,
    counter: 'tenant_baggage_ignored_expired',
  },
  {
    title: 'without a trace',
    change: (own) => ({ baggage: String(own['baggage']) }),
    counter: 'tenant_baggage_ignored_replayed',
  },
]

/** The same envelope as its sender would have made it ten days ago. */
function signedLongAgo(own: Fields): Fields {
  const members = String(own['baggage'])
    .split(',')
    .map((member) => member.split('=', 2) as [string, string])
    .filter(([key]) => key !== signatureKey)
  const [, traceId = ''] = String(own['traceparent']).split('-')
  const signer = new TenantSigner({ keys: [tenantKey], now: () => Date.now() - 10 * 24 * 3_600_000 })
  const signature = signer.sign(
    members.map(([key, value]) => [key, decodeURIComponent(value)]),
    traceId,
    1_000,
  )
  return { ...own, baggage: [...members.map((member) => member.join('=')), `${signatureKey}=${signature}`].join(',') }
}
