import {
  type Context,
  context as contextApi,
  createContextKey,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import type { Telemetry } from 'bullmq'
import { diagnostics } from '../../diagnostics.ts'
import { startAttempt } from './attempt.ts'
import { isTick, jobIn, reachClasses, settlingIn } from './bullmq-classes.ts'
import { attemptIn, AttemptSpan, type BullSpan, CallSpan, isSending, QuietSpan } from './bullmq-spans.ts'
import { carriedOn, emptyEnvelope, type Envelope, parseEnvelope, writeEnvelope } from './envelope.ts'
import { guarded } from './guarded.ts'
import type { QueueSettings } from './options.ts'
import { startSend } from './send.ts'

const envelopeKey = createContextKey('signalbox.bullmq.envelope')
const quiet = new QuietSpan()

/** What BullMQ does on its own: at every poll, at every job, or on a timer. */
const ownBusiness = new Set([
  'getNextJob',
  'extendLocks',
  'moveStalledJobsToWait',
  'startStalledCheckTimer',
  'complete',
  'fail',
  'retry',
  'delay',
  'updateJobProgress',
])

/** Calls that send jobs; of a flow each job has its own span, and its own context with it. */
const sendings: Readonly<Record<string, { readonly operation: 'send' | 'create'; readonly kind: SpanKind }>> = {
  add: { operation: 'send', kind: SpanKind.PRODUCER },
  addBulk: { operation: 'send', kind: SpanKind.PRODUCER },
  addNode: { operation: 'create', kind: SpanKind.PRODUCER },
  addFlow: { operation: 'send', kind: SpanKind.CLIENT },
  addBulkFlows: { operation: 'send', kind: SpanKind.CLIENT },
}

const telemetries = new WeakSet<object>()

/** BullMQ's `Telemetry`, on the OpenTelemetry API. */
export function createTelemetry(settings: QueueSettings): Telemetry<Context> {
  const telemetry: Telemetry<Context> = {
    tracer: {
      startSpan: (name, _options, context) => guarded(() => startSpan(settings, name, context), quiet),
    },
    contextManager: {
      with: (context, fn) => contextApi.with(context as Context, fn),
      active: () => contextApi.active(),
      root: () => ROOT_CONTEXT,
      getMetadata: (context) => guarded(() => metadataFor(context as Context), ''),
      fromMetadata: (context, metadata) =>
        guarded(() => (context as Context).setValue(envelopeKey, parseEnvelope(metadata)), context as Context),
    },
  }
  telemetries.add(telemetry)
  if (!guarded(() => reachClasses(isOurs), false)) sayOutOfReach()
  return telemetry
}

function isOurs(telemetry: unknown): boolean {
  return typeof telemetry === 'object' && telemetry !== null && telemetries.has(telemetry)
}

/** What a job is to carry: of a new job where it comes from, of one that failed what it carried before. */
function metadataFor(context: Context): string {
  const settling = settlingIn(context)
  if (settling !== undefined) return carriedOn(settling.job.opts.telemetry?.metadata)
  const carrier = isSending(context) ? writeEnvelope(context) : undefined
  return carrier === undefined ? '' : JSON.stringify(carrier)
}

function startSpan(settings: QueueSettings, name: string, parent: Context | undefined): BullSpan {
  const [operation = ''] = name.split(' ', 1)
  const active = contextApi.active()
  const attempt = attemptIn(active)
  if (operation === 'process') return startProcess(settings, name.slice('process '.length), active, parent)
  if (operation === 'fail' || operation === 'retry' || operation === 'delay') {
    const settling = settlingIn(active)
    if (settling?.job === attempt?.job) attempt?.failed(settling?.error, operation !== 'fail')
  }
  if (ownBusiness.has(operation)) return quiet
  const sending = sendings[operation]
  if (sending !== undefined) {
    // What a worker does between two jobs is not part of the first one, nor for its tenant.
    const isBetweenJobs = isTick(active) || (attempt !== undefined && attempt.job === undefined && attempt.isSettled)
    if (isBetweenJobs) return quiet
    const start = (queue: string) => startSend(settings, { ...sending, queue: queue || undefined }, active)
    return new CallSpan(start, true)
  }
  if (trace.getSpan(active) === undefined) return quiet
  const attributes = { 'messaging.system': settings.system, 'messaging.operation.name': operation }
  return new CallSpan(
    (queue) =>
      settings
        .tracer()
        .startSpan(
          `${operation} ${queue}`,
          { kind: SpanKind.INTERNAL, attributes: { ...attributes, 'messaging.destination.name': queue } },
          active,
        ),
    false,
  )
}

function startProcess(
  settings: QueueSettings,
  queue: string,
  active: Context,
  parent: Context | undefined,
): AttemptSpan {
  const job = jobIn(active)
  const envelope = (parent?.getValue(envelopeKey) as Envelope | undefined) ?? emptyEnvelope
  const attempt = startAttempt(settings, {
    queue,
    id: job?.id,
    name: job?.name,
    attempt: job === undefined ? undefined : job.attemptsMade + 1,
    isRetry: job !== undefined && (job.attemptsMade > 0 || job.stalledCounter > 0 || job.attemptsStarted > 1),
    isRepeat: job?.repeatJobKey !== undefined,
    envelope: { ...envelope, sentAtMs: envelope.sentAtMs ?? job?.timestamp },
    attributes: {},
  })
  if (job === undefined && attempt.span.isRecording()) sayOutOfReach()
  return new AttemptSpan(attempt, job)
}

function sayOutOfReach(): void {
  diagnostics.count('bullmq_out_of_reach')
  diagnostics.once(
    'warn',
    'bullmq is not where signalbox looks for it: attempts and stacks of failures are not recorded.',
  )
}
