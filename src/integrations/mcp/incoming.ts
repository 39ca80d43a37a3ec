import { context as contextApi, SpanKind, trace } from '@opentelemetry/api'
import { recordArguments, recordResult } from './content.ts'
import { cameOverHttp, httpAttributes } from './endpoint.ts'
import { Exchange, outcomeOf } from './exchange.ts'
import { passOnTenant, rememberCarrier } from './late-tenant.ts'
import { type Origin, originOf } from './message-context.ts'
import { OpenExchanges } from './open-exchanges.ts'
import type { Outgoing } from './outgoing.ts'
import type { Peer } from './peer.ts'
import { requestInfo } from './request-info.ts'
import type { Message, RequestId, RequestMessage } from './sdk.ts'
import { trustedName, trustName } from './span-names.ts'
import { progressContext, surroundingsOf } from './surroundings.ts'
import { guarded, type Wire } from './wire.ts'

/** The requests that come in on a connection: a SERVER span each, from their arrival until the answer is sent. */
export class Incoming {
  readonly #wire: Wire
  readonly #peer: Peer
  readonly #outgoing: Outgoing
  readonly #open: OpenExchanges

  constructor(wire: Wire, peer: Peer, outgoing: Outgoing) {
    this.#wire = wire
    this.#peer = peer
    this.#outgoing = outgoing
    this.#open = new OpenExchanges(wire.settings.maxOpenRequests)
  }

  /** Hands a request to the SDK, in its span. */
  serve<T>(request: RequestMessage, extra: unknown, deliver: () => T): T {
    const exchange = guarded(() => this.#start(request, extra))
    if (exchange === undefined) return deliver()
    try {
      return contextApi.with(exchange.context, deliver)
    } catch (error) {
      exchange.fail(error)
      this.#open.end(exchange)
      throw error
    }
  }

  /** Hands a notification to the SDK, in the context its sender gave it; it has no span of its own. */
  notify<T>(notification: Message, extra: unknown, deliver: () => T): T {
    const context = guarded(
      () => progressContext(this.#outgoing, notification) ?? this.#originOf(notification, extra).context,
    )
    return context === undefined ? deliver() : contextApi.with(context, deliver)
  }

  /** Sends the answer to a request and ends its span, once it is sent. */
  answer(response: Message & { readonly id: RequestId }, send: () => Promise<void>): Promise<void> {
    const exchange = this.#open.get(response.id)
    if (exchange === undefined) return send()
    guarded(() => this.#finish(exchange, response))
    const failed = (error: unknown): void => {
      exchange.fail(error)
      this.#open.end(exchange)
    }
    try {
      const sent = send()
      void Promise.resolve(sent).then(() => this.#open.end(exchange), failed)
      return sent
    } catch (error) {
      failed(error)
      throw error
    }
  }

  cancel(id: unknown): void {
    const exchange = this.#open.get(id)
    if (exchange !== undefined) this.#open.end(exchange, { errorType: 'cancelled' })
  }

  close(): void {
    this.#open.endAll('connection_closed')
  }

  #start(request: RequestMessage, extra: unknown): Exchange {
    const { settings } = this.#wire
    const origin = this.#originOf(request, extra)
    const info = requestInfo(request)
    const attributes = {
      ...(cameOverHttp(this.#wire.kind, extra) && httpAttributes(extra, contextApi.active())),
      ...this.#wire.attributes(),
      ...info.attributes,
    }
    const span = settings
      .tracer()
      .startSpan(
        trustedName(request, info, this.#peer),
        { kind: SpanKind.SERVER, attributes, links: origin.link === undefined ? [] : [{ context: origin.link }] },
        origin.context,
      )
    const exchange = new Exchange({ request, span, name: info.name, context: trace.setSpan(origin.context, span) })
    recordArguments(span, request, settings)
    rememberCarrier(exchange, origin.context)
    this.#open.add(exchange)
    this.#peer.watchHandler(request.method)
    return exchange
  }

  #originOf(message: Message, extra: unknown): Origin {
    const overHttp = cameOverHttp(this.#wire.kind, extra)
    const { readsBaggage } = this.#wire.settings
    return originOf(message, { overHttp, readsBaggage }, surroundingsOf(this.#wire, this.#outgoing, extra))
  }

  #finish(exchange: Exchange, response: Message): void {
    const { method, name, span } = exchange
    const outcome = outcomeOf(method, response)
    this.#wire.learnVersion(method, response)
    recordResult(span, method, response, this.#wire.settings)
    span.setAttributes(this.#wire.sessionAttributes())
    if (outcome.errorType === undefined) {
      trustName(name)
      span.updateName(name)
    }
    passOnTenant(exchange)
    exchange.answer(outcome)
  }
}
