import type { ServerResponse } from 'node:http'
import { type Context, context, type Span } from '@opentelemetry/api'
import { getRPCMetadata, RPCType } from '@opentelemetry/core'
import { logger } from '../../logging/logger.ts'
import { disownRequest, setAttributes, setTenant } from '../../tenant/current.ts'
import { unrecordedSpan } from '../../tenant/unrecorded-span.ts'
import type { HttpTelemetryOptions } from './options.ts'
import { refusalOf, statusOf } from './refusal.ts'
import { requestIdOf } from './request-id.ts'

/** What is known of a request when it arrives. */
export interface Arrived {
  readonly method: string
  /** The path as it was asked for, without the query. */
  readonly path: string
  readonly requestId: unknown
}

/**
 * One incoming request, from its arrival to the end of its response.
 *
 * It makes no span: what it learns goes to the SERVER span that the `http` instrumentation made, through the RPC
 * metadata in the context, from which that instrumentation takes `http.route` and the span's name.
 */
export class ObservedRequest {
  readonly requestId: string
  readonly #method: string
  readonly #path: string
  readonly #context: Context
  readonly #span: Span | undefined
  readonly #startedAt = performance.now()
  #route: string | undefined
  #errorType: string | undefined
  #error: unknown
  #written = false

  /** To be called in the request's context. */
  constructor({ method, path, requestId }: Arrived) {
    this.#method = method
    this.#path = path
    this.#context = context.active()
    const metadata = getRPCMetadata(this.#context)
    this.#span = metadata?.type === RPCType.HTTP ? metadata.span : undefined
    this.requestId = requestIdOf(requestId)
    setAttributes({ 'request.id': this.requestId })
  }

  /** Names the route: the template that the path matched, with the prefixes of what it is mounted on. */
  matched(route: string): void {
    this.#route = route
    const metadata = getRPCMetadata(this.#context)
    if (metadata?.type === RPCType.HTTP) metadata.route = route
  }

  /** Binds the tenant that the resolver tells; what it throws is thrown on, and the request is nobody's. */
  async identify<Request>(
    resolve: NonNullable<HttpTelemetryOptions<Request>['tenant']>,
    request: Request,
  ): Promise<void> {
    try {
      const who = await resolve(request)
      if (who !== undefined) setTenant(who)
    } catch (error) {
      disownRequest()
      this.#errorType = refusalOf(error)?.code
      this.failed(error)
      throw error
    }
  }

  /** Records an error that the request ended in; one that asks for a status below 500 is an answer, not a failure. */
  failed(error: unknown): void {
    if (error === this.#error || statusOf(error) < 500) return
    this.#error = error
    if (refusalOf(error) === undefined) this.#span?.recordException(error instanceof Error ? error : String(error))
  }

  /** Writes the request's log record, once the response has ended or its client is gone. */
  ended(statusCode: number, isComplete: boolean, options: HttpTelemetryOptions<never>): void {
    if (this.#written || options.requestLog === false || this.#isIgnored()) return
    this.#written = true
    const errorType = this.#errorType ?? (isComplete ? undefined : 'aborted')
    const isFailed = isComplete && statusCode >= 500
    const fields = {
      'http.request.method': this.#method,
      ...(this.#route !== undefined && { 'http.route': this.#route }),
      'url.path': this.#path,
      ...(isComplete && { 'http.response.status_code': statusCode }),
      'http.server.request.duration': (performance.now() - this.#startedAt) / 1_000,
      ...(errorType !== undefined && { 'error.type': errorType }),
      ...(isFailed && this.#error !== undefined && { err: this.#error }),
    }
    const level = isFailed ? 'error' : !isComplete || statusCode >= 400 ? 'warn' : 'info'
    const message = `${this.#method} ${this.#route ?? this.#path} ${isComplete ? statusCode : 'aborted'}`
    const target = options.logger ?? logger
    context.with(this.#context, () => target[level](fields, message))
  }

  /** Calls {@link ended} when a response of Node has ended, before its span does. */
  endsWith(response: ServerResponse, options: HttpTelemetryOptions<never>): void {
    response.prependOnceListener('close', () => this.ended(response.statusCode, response.writableFinished, options))
  }

  #isIgnored(): boolean {
    return this.#span !== undefined && unrecordedSpan(this.#span.spanContext())?.ignored === true
  }
}
