import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, context, SpanStatusCode } from '@opentelemetry/api'
import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'
import { setTenant } from '../../tenant/current.ts'
import { requireTenant, type Tenant } from '../../tenant/tenant.ts'
import { unrecordedSpan } from '../../tenant/unrecorded-span.ts'
import type { HttpTelemetryOptions } from './options.ts'
import { type Refusal, refusalOf, statusOf } from './refusal.ts'
import { requestIdHeader, requestIdOf } from './request-id.ts'
import type { RequestPlace } from './request-place.ts'
import { writeRequestRecord } from './request-record.ts'
import type { Arrived } from './request-target.ts'

/** Called back when it is known whose a request is, or with the error, and the answer where that tells one. */
export type Identified = (error?: Error, refusal?: Refusal) => void

/**
 * One incoming request, from its arrival to the end of its response.
 *
 * It makes no span: what it learns goes to the SERVER span that the `http` instrumentation made.
 */
export class ObservedRequest {
  readonly requestId: string
  readonly #arrived: Arrived
  readonly #place: RequestPlace
  readonly #options: HttpTelemetryOptions<never>
  readonly #context: Context = context.active()
  readonly #startedAt = performance.now()
  #resolver: unknown
  #route: string | undefined
  #refused: string | undefined
  #error: unknown
  #failedAt = 0
  #hasEnded = false

  /** To be made in the request's place. */
  constructor(arrived: Arrived, place: RequestPlace, options: HttpTelemetryOptions<never>) {
    this.#arrived = arrived
    this.#place = place
    this.#options = options
    this.requestId = requestIdOf(arrived.requestId)
    if (place.scope === undefined) sayNotStarted()
    else place.scope.add({ 'request.id': this.requestId })
  }

  /** Sets the response's `x-request-id`, and calls {@link ended} when it has ended, before its span does. */
  answeredBy(request: IncomingMessage, response: ServerResponse): void {
    if (!response.headersSent) response.setHeader(requestIdHeader, this.requestId)
    if (this.#place.metadata === undefined) {
      // As the `http` instrumentation does: the events of a body come in the context of their socket.
      context.bind(this.#context, request)
      context.bind(this.#context, response)
    }
    response.prependOnceListener('close', () => {
      const statusCode = response.headersSent ? response.statusCode : undefined
      this.ended(statusCode, isComplete(response), response.errored ?? undefined)
    })
  }

  /**
   * Names the route: the template that the path matched, with the prefixes of what it is mounted on.
   *
   * Undefined where it turns out that none is known.
   */
  matched(route: string | undefined): void {
    if (route === this.#route) return
    this.#route = route
    const { metadata, span } = this.#place
    if (metadata !== undefined && route === undefined) delete metadata.route
    else if (metadata !== undefined && route !== undefined) metadata.route = route
    if (span === undefined || route === undefined) return
    // Here too: a response that is destroyed with an error ends the span without a look at the metadata.
    span.setAttribute('http.route', route).updateName(`${this.#arrived.method} ${route}`)
  }

  /**
   * Binds the tenant that a resolver tells, and calls back; each resolver is asked once.
   *
   * Calls back with an error where the resolver threw, whatever it threw; the request is nobody's then.
   */
  identify<Request>(resolve: HttpTelemetryOptions<Request>['tenant'], request: Request, done: Identified): void {
    if (resolve === undefined || resolve === this.#resolver) return done()
    this.#resolver = resolve
    try {
      const who = resolve(request)
      if (isThenable(who)) return void this.#bindLater(who, done)
      this.#bind(who)
    } catch (error) {
      return this.#refuse(error, done)
    }
    done()
  }

  /** Keeps what a handler ended in; it is recorded when the response turns out to be a failure. */
  failed(error: unknown): void {
    if (error === this.#error) return
    this.#error = error
    this.#failedAt = Date.now()
  }

  /** Records the error on the span and writes the log record. No status: no response was begun. */
  ended(statusCode: number | undefined, isComplete: boolean, destroyedWith?: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (destroyedWith !== undefined && this.#error === undefined) this.failed(destroyedWith)
    const asked = isComplete ? (statusCode ?? 200) : this.#error === undefined ? 0 : statusOf(this.#error)
    const isFailure = asked >= 500
    const cut = isFailure ? nameOf(this.#error) : 'aborted'
    const errorType = this.#refused ?? (isComplete ? (isFailure ? String(statusCode) : undefined) : cut)
    if (isFailure) this.#record(errorType, isComplete)
    if (this.#options.requestLog === false || this.#isIgnored()) return
    const error = isFailure ? this.#error : undefined
    const durationS = (performance.now() - this.#startedAt) / 1_000
    const { method, path } = this.#arrived
    const route = this.#route
    try {
      context.with(this.#context, () =>
        writeRequestRecord(
          { method, path, route, statusCode, isComplete, durationS, errorType, error },
          this.#options.logger,
        ),
      )
    } catch (error) {
      diagnostics.count('request_records_failed')
      diagnostics.once('warn', `the log record of a request could not be written: ${messageOf(error)}.`)
    }
  }

  #bind(who: Tenant | undefined): void {
    if (who === undefined) return
    if (this.#place.scope === undefined) requireTenant(who)
    else setTenant(who)
  }

  async #bindLater(pending: PromiseLike<Tenant | undefined>, done: Identified): Promise<void> {
    try {
      this.#bind(await pending)
    } catch (error) {
      return this.#refuse(error, done)
    }
    done()
  }

  #refuse(thrown: unknown, done: Identified): void {
    this.#place.scope?.disown()
    const refusal = refusalOf(thrown)
    // Never anything but an error: the frameworks would take nothing, or 'route', for consent.
    const error = thrown instanceof Error ? thrown : new Error('the tenant option threw no error', { cause: thrown })
    // What it says beyond its code may repeat the credentials.
    if (refusal === undefined) this.failed(error)
    else this.#refused = refusal.code
    done(error, refusal)
  }

  #record(errorType: string | undefined, isComplete: boolean): void {
    const { span } = this.#place
    if (span === undefined || this.#error === undefined) return
    span.recordException(this.#error instanceof Error ? this.#error : messageOf(this.#error), this.#failedAt)
    if (isComplete || errorType === undefined) return
    span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR })
  }

  #isIgnored(): boolean {
    const { span } = this.#place
    return span !== undefined && unrecordedSpan(span.spanContext())?.ignored === true
  }
}

/** Whether all of it was sent: by a socket, in a stream of HTTP/2, or where no socket carries it (`app.inject()`). */
function isComplete(response: ServerResponse & { readonly stream?: { readonly aborted?: boolean } }): boolean {
  if (!response.headersSent || response.stream?.aborted === true) return false
  return response.writableFinished || (response.writableEnded && response.socket?.destroyed === false)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Error'
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function sayNotStarted(): void {
  const fix = 'run node --import signalbox/register app.js, or call startTelemetry() first'
  diagnostics.once('warn', `telemetry is not started, no tenant and no attribute is kept: ${fix}.`)
}
