import { type Context, context as contextApi, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { scopeOf } from '../../tenant/scope.ts'
import { recordArguments, recordResult } from './content.ts'
import { Exchange, outcomeOf } from './exchange.ts'
import { withMessageContext } from './message-context.ts'
import { OpenExchanges } from './open-exchanges.ts'
import { requestInfo } from './request-info.ts'
import { isRecord, type Message, type RequestId, type RequestMessage } from './sdk.ts'
import { guarded, type Wire } from './wire.ts'

type Send = (message: Message) => Promise<void>

/** The requests that go out on a connection: a CLIENT span each, from their sending until the answer is there. */
export class Outgoing {
  readonly #wire: Wire
  readonly #open: OpenExchanges

  constructor(wire: Wire) {
    this.#wire = wire
    this.#open = new OpenExchanges(wire.settings.maxOpenRequests)
  }

  find(id: unknown): Exchange | undefined {
    return this.#open.get(id)
  }

  /** Tells whether an exchange is one of these and waits for its answer. */
  has(exchange: Exchange | undefined): boolean {
    return exchange !== undefined && this.#open.get(exchange.id) === exchange
  }

  /** The context of a trace's open request; the root context where there is none, or several of several tenants. */
  contextOf(traceId: string | undefined): Context {
    const found = this.#open.all().filter(({ span }) => span.spanContext().traceId === traceId)
    const tenants = new Set(found.map(({ context }) => scopeOf(context)?.tenant()?.['tenant.id']))
    return (tenants.size === 1 ? found[0]?.context : undefined) ?? ROOT_CONTEXT
  }

  /** Sends a request with its span's context in `_meta`, the span being active meanwhile. */
  request(request: RequestMessage, options: unknown, send: Send): Promise<void> {
    const started = guarded(() => this.#start(request, options))
    if (started === undefined) return send(request)
    const { exchange, message } = started
    const failed = (error: unknown): void => {
      exchange.fail(error)
      this.#open.end(exchange)
    }
    try {
      const sent = contextApi.with(exchange.context, () => send(message))
      void Promise.resolve(sent).then(undefined, failed)
      return sent
    } catch (error) {
      failed(error)
      throw error
    }
  }

  /** Sends a notification with the active trace context in `_meta`, without baggage; it has no span of its own. */
  notify(notification: Message, send: Send): Promise<void> {
    const active = trace.getSpanContext(contextApi.active())
    const context = active === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, active)
    return send(guarded(() => withMessageContext(notification, context)) ?? notification)
  }

  /** Ends the span of the request that a response is for. */
  settle(response: Message & { readonly id: RequestId }): void {
    const exchange = this.#open.get(response.id)
    if (exchange === undefined) return
    guarded(() => {
      this.#wire.learnVersion(exchange.method, response)
      recordResult(exchange.span, exchange.method, response, this.#wire.settings)
      exchange.span.setAttributes(this.#wire.sessionAttributes())
    })
    this.#open.end(exchange, outcomeOf(exchange.method, response))
  }

  /** Ends the span of a request that its sender no longer waits for. */
  cancel(id: unknown, reason: unknown): void {
    const exchange = this.#open.get(id)
    if (exchange === undefined) return
    const isTimeout = typeof reason === 'string' && /time(?:d )?-?out/i.test(reason)
    this.#open.end(exchange, { errorType: isTimeout ? 'timeout' : 'cancelled' })
  }

  /** Ends the span of a request whose answer is a stream that has begun: `subscriptions/listen`. */
  acknowledge(id: unknown): void {
    const exchange = this.#open.get(id)
    if (exchange !== undefined) this.#open.end(exchange)
  }

  close(): void {
    this.#open.endAll('connection_closed')
  }

  #start(request: RequestMessage, options: unknown): { exchange: Exchange; message: Message } {
    const { settings } = this.#wire
    const active = contextApi.active()
    const { name, attributes } = requestInfo(request)
    const span = settings
      .tracer()
      .startSpan(name, { kind: SpanKind.CLIENT, attributes: { ...this.#wire.attributes(), ...attributes } }, active)
    const exchange = new Exchange({ request, span, name, context: trace.setSpan(active, span) })
    recordArguments(span, request, settings)
    this.#open.add(exchange)
    this.#endOnAbort(exchange, options)
    return { exchange, message: withMessageContext(request, exchange.context) }
  }

  /** From 2026-07-28 on a request over HTTP is cancelled by ending its stream, and no message says so. */
  #endOnAbort(exchange: Exchange, options: unknown): void {
    const signal = isRecord(options) ? options['requestSignal'] : undefined
    if (!(signal instanceof AbortSignal)) return
    signal.addEventListener('abort', () => this.#open.end(exchange, { errorType: 'cancelled' }), { once: true })
  }
}
