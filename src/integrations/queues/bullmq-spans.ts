import { type Attributes, type Context, createContextKey, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Telemetry } from 'bullmq'
import type { Attempt } from './attempt.ts'
import type { BullJob } from './bullmq-classes.ts'
import { describe } from '../common/failure.ts'
import { guarded } from './guarded.ts'

/** The span that BullMQ's `Telemetry` asks for. */
export type BullSpan = ReturnType<Telemetry<Context>['tracer']['startSpan']>
type BullAttributes = Parameters<BullSpan['setAttributes']>[0]
type BullException = Parameters<BullSpan['recordException']>[0]

const sendingKey = createContextKey('signalbox.bullmq.sending')
const attemptKey = createContextKey('signalbox.bullmq.attempt')

/** True while jobs are being sent. */
export const isSending = (context: Context): boolean => context.getValue(sendingKey) === true
export const attemptIn = (context: Context): AttemptSpan | undefined =>
  context.getValue(attemptKey) as AttemptSpan | undefined

/** A span that is none: what BullMQ does on its own, on every poll and for every job, is not recorded. */
export class QuietSpan implements BullSpan {
  setSpanOnContext(context: Context): Context {
    return context
  }

  setAttribute(key: string, value: BullAttributes[string]): void {
    this.setAttributes({ [key]: value })
  }

  setAttributes(_attributes: BullAttributes): void {}

  addEvent(_name: string, _attributes?: BullAttributes): void {}

  recordException(_exception: BullException): void {}

  end(): void {}
}

/** Attributes of BullMQ that are passed on, and their names; all others are not, as some hold options and results. */
const passedOn: Readonly<Record<string, string>> = {
  'bullmq.job.id': 'messaging.message.id',
  'bullmq.job.name': 'bullmq.job.name',
  'bullmq.job.bulk.count': 'messaging.batch.message_count',
  'bullmq.job.scheduler.id': 'bullmq.job.scheduler.id',
  'bullmq.flow.name': 'bullmq.flow.name',
  'bullmq.worker.id': 'messaging.client.id',
  'bullmq.worker.name': 'bullmq.worker.name',
}

function translate(attributes: BullAttributes): Attributes {
  const translated: Attributes = {}
  for (const [key, name] of Object.entries(passedOn)) {
    const value = attributes[key]
    if (typeof value === 'string' || typeof value === 'number') translated[name] = value
  }
  return translated
}

/** A span around a call of the application: sending jobs, or looking after a queue. */
export class CallSpan extends QuietSpan {
  readonly #start: (queue: string) => Span
  readonly #sends: boolean
  #span: Span | undefined

  /** `start` is called once the name of the queue is known. */
  constructor(start: (queue: string) => Span, sends: boolean) {
    super()
    this.#start = start
    this.#sends = sends
  }

  override setAttributes(attributes: BullAttributes): void {
    guarded(() => {
      const queue = attributes['bullmq.queue.name']
      this.#span ??= typeof queue === 'string' ? this.#start(queue) : undefined
      this.#span?.setAttributes(translate(attributes))
    }, undefined)
  }

  override setSpanOnContext(context: Context): Context {
    if (this.#span === undefined) return context
    const inside = trace.setSpan(context, this.#span)
    return this.#sends ? inside.setValue(sendingKey, true) : inside
  }

  override recordException(exception: BullException): void {
    guarded(() => markFailed(this.#span, exception), undefined)
  }

  override end(): void {
    this.#span?.end()
  }
}

/** The span of an attempt at a job; what became of it is known when it ends. */
export class AttemptSpan extends QuietSpan {
  readonly #attempt: Attempt
  /** Undefined where BullMQ's classes could not be reached. */
  readonly job: BullJob | undefined
  #outcome: { readonly error: unknown; readonly willRetry: boolean } | undefined
  #completed = false
  #reason: string | undefined
  #trouble: BullException | undefined

  constructor(attempt: Attempt, job: BullJob | undefined) {
    super()
    this.#attempt = attempt
    this.job = job
  }

  get isSettled(): boolean {
    return this.#completed || this.#outcome !== undefined
  }

  /** The handler failed; the job is being put away. */
  failed(error: unknown, willRetry: boolean): void {
    this.#outcome = { error, willRetry }
  }

  override setSpanOnContext(): Context {
    return this.#attempt.context.setValue(attemptKey, this)
  }

  override setAttributes(attributes: BullAttributes): void {
    guarded(() => {
      const { 'messaging.message.id': id, 'bullmq.job.name': name, ...rest } = translate(attributes)
      this.#attempt.span.setAttributes(rest)
      if (this.job === undefined && typeof id === 'string') this.#attempt.identify(id, String(name))
    }, undefined)
  }

  override addEvent(name: string, attributes?: BullAttributes): void {
    if (name === 'job completed') this.#completed = true
    const reason = attributes?.['bullmq.job.failed.reason']
    if (name === 'job failed') this.#reason = typeof reason === 'string' ? reason : 'failed'
  }

  /** Something other than the handler failed: the connection, or the lock was lost. */
  override recordException(exception: BullException): void {
    this.#trouble = exception
  }

  override end(): void {
    const { span } = this.#attempt
    if (this.#outcome !== undefined || this.#reason !== undefined) {
      this.#attempt.fail(this.#outcome?.error ?? this.#reason, this.#outcome?.willRetry)
    } else if (!this.#completed && this.#trouble === undefined) span.setAttribute('job.postponed', true)
    guarded(() => {
      if (this.#trouble !== undefined) markFailed(span, this.#trouble)
      span.end()
    }, undefined)
  }
}

function markFailed(span: Span | undefined, exception: BullException): void {
  const failure = describe(exception)
  span?.setAttribute('error.type', failure.name)
  span?.recordException(failure)
  span?.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
}
