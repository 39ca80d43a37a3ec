import {
  type Attributes,
  type Context,
  context as contextApi,
  type Link,
  type Span,
  SpanKind,
  type SpanOptions,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { quietSpanContext } from '../../tenant/unrecorded-span.ts'
import { startAttempt, startBatch } from './attempt.ts'
import { emptyEnvelope } from './envelope.ts'
import { guarded } from './guarded.ts'
import type { QueueSettings } from './options.ts'
import { envelopeIn, envelopeOf } from './pg-boss-propagator.ts'
import { onceWorthIt, PgBossAttempt } from './pg-boss-spans.ts'
import { startSend } from './send.ts'

/** The tracer that pg-boss makes its spans with: completes them, and leaves out those of its own business. */
export function pgBossTracer(settings: QueueSettings): Tracer {
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context): Span => {
    const around = context ?? contextApi.active()
    return guarded(() => start(settings, name, options, around), nothing(around))
  }
  const tracer = settings.tracer()
  return { startSpan, startActiveSpan: tracer.startActiveSpan.bind(tracer) }
}

function start(settings: QueueSettings, name: string, options: SpanOptions, around: Context): Span {
  const attributes = ownAttributes(options.attributes)
  const operation = String(attributes['messaging.operation.name'])
  const destination = attributes['messaging.destination.name']
  const queue = typeof destination === 'string' ? destination : undefined
  // Schedules are kept with jobs of pg-boss's own; what they send is seen, they are not.
  if (queue?.startsWith('__pgboss__') === true) return nothing(around)
  if (options.kind === SpanKind.CONSUMER) return startProcess(settings, queue ?? '', attributes, options, around)
  if (options.kind === SpanKind.PRODUCER && operation !== 'publish') {
    return startSend(settings, { queue, attributes: beyondOperation(attributes) }, around)
  }
  if (PgBossAttempt.under(around)?.settles(operation, attributes) === true) return nothing(around)
  const startTime = Date.now()
  const begin = (more: SpanOptions = {}): Span =>
    settings.tracer().startSpan(name, { ...options, ...more, attributes, kind: SpanKind.CLIENT }, around)
  const isAsking = operation === 'receive' && trace.getSpan(around) === undefined
  return isAsking ? onceWorthIt(nothing(around), () => begin({ startTime })) : begin()
}

function startProcess(
  settings: QueueSettings,
  queue: string,
  { 'messaging.message.id': id, 'messaging.batch.message_count': count, ...others }: Attributes,
  { links = [] }: SpanOptions,
  around: Context,
): Span {
  const attributes = beyondOperation(others)
  if (typeof count === 'number') {
    const envelopes = links.flatMap((link: Link) => envelopeOf(link.context) ?? [])
    return new PgBossAttempt(startBatch(settings, { queue, count, envelopes, attributes }), { queue, count }).span
  }
  const retries = others['pgboss.job.retry_count']
  const retryCount = typeof retries === 'number' ? retries : 0
  const attempt = startAttempt(settings, {
    queue,
    id: String(id),
    name: queue,
    attempt: retryCount + 1,
    isRetry: retryCount > 0,
    isRepeat: false,
    envelope: envelopeIn(around) ?? emptyEnvelope,
    attributes,
  })
  return new PgBossAttempt(attempt, { queue, id: String(id) }).span
}

/** Without `db.namespace`: Tempo would take the span for a query and draw an edge to a database. */
function ownAttributes(attributes: Attributes = {}): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== 'db.namespace'))
}

const ofOperation = new Set([
  'messaging.system',
  'messaging.operation.name',
  'messaging.operation.type',
  'messaging.destination.name',
])

/** What is not said of every operation anyway. */
function beyondOperation(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !ofOperation.has(key)))
}

/** No span; what happens inside belongs to the one around, and without one its queries are nobody's. */
function nothing(around: Context): Span {
  return trace.wrapSpanContext(trace.getSpanContext(around) ?? quietSpanContext)
}
