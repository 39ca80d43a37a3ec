import {
  type Attributes,
  type Context,
  context as contextApi,
  type Exception,
  type Link,
  type Span,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api'
import { scopeOf } from '../../tenant/scope.ts'
import type { Attempt } from './attempt.ts'

const attempts = new WeakMap<Span, PgBossAttempt>()

/**
 * An attempt whose span is in the hands of pg-boss: `span` is the one it gets.
 *
 * pg-boss records a failure on the span itself, with all that the error holds. It does so after the handler, outside of
 * the attempt's context; what the handler does to its span is left as it is.
 */
export class PgBossAttempt {
  readonly #attempt: Attempt
  readonly #queue: string
  readonly #id: string | undefined
  readonly #count: number
  #thrown: Exception | undefined
  #isRecorded = false
  #isSettledAsFailed = false

  constructor(
    attempt: Attempt,
    { queue, id, count = 1 }: { readonly queue: string; readonly id?: string; readonly count?: number },
  ) {
    this.#attempt = attempt
    this.#queue = queue
    this.#id = id
    this.#count = count
    attempts.set(attempt.span, this)
    this.#takeOver(attempt.span)
  }

  /** The attempt that a context is inside of. */
  static under(context: Context): PgBossAttempt | undefined {
    const opener = scopeOf(context)?.request.opener
    return opener === undefined ? undefined : attempts.get(opener)
  }

  get span(): Span {
    return this.#attempt.span
  }

  /** Tells whether an operation is the one that ends this attempt, for all of its jobs. */
  settles(operation: string, attributes: Attributes): boolean {
    if (operation !== 'complete' && operation !== 'fail') return false
    if (attributes['messaging.destination.name'] !== this.#queue) return false
    const count = attributes['messaging.batch.message_count'] ?? 1
    if (attributes['messaging.message.id'] !== this.#id || count !== this.#count) return false
    this.#isSettledAsFailed ||= operation === 'fail'
    return true
  }

  #takeOver(span: Span): void {
    const recordException = span.recordException.bind(span)
    const setStatus = span.setStatus.bind(span)
    const end = span.end.bind(span)
    const isHandlers = (): boolean => PgBossAttempt.under(contextApi.active()) === this || this.#isRecorded
    span.recordException = (exception, time) => {
      if (isHandlers()) recordException(exception, time)
      else this.#thrown = exception
    }
    span.setStatus = (status: SpanStatus) => {
      if (isHandlers() || status.code !== SpanStatusCode.ERROR) return setStatus(status)
      this.#fail(this.#thrown ?? status.message)
      return span
    }
    span.end = (time) => {
      if (this.#isSettledAsFailed && !this.#isRecorded) this.#fail('the handler gave the job back as failed')
      end(time)
    }
  }

  #fail(error: unknown): void {
    this.#isRecorded = true
    this.#attempt.fail(error)
  }
}

/**
 * A span of fetching jobs that is made only where there were some, or where fetching failed: an application may ask again
 * and again. Until then `silent` stands for it.
 */
export function onceWorthIt(silent: Span, begin: () => Span): Span {
  const attributes: Attributes = {}
  let made: Span | undefined
  const span = (): Span => (made ??= begin().setAttributes(attributes))
  return Object.assign(silent, {
    setAttribute: (key: string, value: Attributes[string]) => {
      attributes[key] = value
      if (key === 'messaging.message.id' || (key === 'messaging.batch.message_count' && value !== 0)) span()
      made?.setAttribute(key, value)
      return silent
    },
    addLinks: (links: Link[]) => {
      made?.addLinks(links)
      return silent
    },
    recordException: (exception: Exception, time?: TimeInput) => span().recordException(exception, time),
    setStatus: (status: SpanStatus) => {
      if (status.code === SpanStatusCode.ERROR) span()
      made?.setStatus(status)
      return silent
    },
    end: (time?: TimeInput) => made?.end(time),
  })
}
