import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import type { Peer } from './peer.ts'
import { isRecord, isRequest, isResponse, type Message, metaOf, paramsOf, type Transport } from './sdk.ts'
import { type Settings, Wire } from './wire.ts'

const connections = new WeakMap<object, Connection>()
const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'

/** Watches the messages of a transport; does nothing for one that is watched already. */
export function watchTransport(transport: Transport, peer: Peer, settings: Settings): void {
  if (connections.has(transport)) return
  connections.set(transport, new Connection(transport, peer, settings))
}

/**
 * What goes over one transport, in both directions.
 *
 * The transport's interface, `start`, `send`, `onmessage` and `onclose`, is the one seam that both versions of the SDK
 * and all their transports share: every request, answer and notification passes it, also those that the SDK makes by
 * itself. The SDK sets its `onmessage` before it calls `start`, and others may set theirs later, so the handlers are
 * looked at whenever something is started or sent.
 */
class Connection {
  readonly #transport: Transport
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  readonly #seen = new WeakSet<object>()
  readonly #own = new WeakSet<object>()

  constructor(transport: Transport, peer: Peer, settings: Settings) {
    const wire = new Wire(transport, settings)
    this.#transport = transport
    this.#outgoing = new Outgoing(wire)
    this.#incoming = new Incoming(wire, peer, this.#outgoing)
    const start = transport.start.bind(transport)
    const send = transport.send.bind(transport)
    transport.start = () => {
      this.#watchHandlers()
      return start()
    }
    transport.send = (message, options) => {
      this.#watchHandlers()
      return isRecord(message) ? this.#send(message, options, (sent) => send(sent, options)) : send(message, options)
    }
    this.#watchHandlers()
  }

  #send(message: Message, options: unknown, send: (message: Message) => Promise<void>): Promise<void> {
    if (isRequest(message)) return this.#outgoing.request(message, options, send)
    if (isResponse(message)) return this.#incoming.answer(message, () => send(message))
    if (message['method'] === 'notifications/cancelled') {
      const { requestId, reason } = paramsOf(message)
      this.#outgoing.cancel(requestId, reason)
    }
    return this.#outgoing.notify(message, send)
  }

  #receive(message: Message, extra: unknown, deliver: () => unknown): unknown {
    // Where another instrumentation has wrapped the handler, a message passes here twice.
    if (this.#seen.has(message)) return deliver()
    this.#seen.add(message)
    if (isRequest(message)) return this.#incoming.serve(message, extra, deliver)
    if (isResponse(message)) {
      this.#outgoing.settle(message)
      return deliver()
    }
    if (message['method'] === 'notifications/cancelled') this.#incoming.cancel(paramsOf(message)['requestId'])
    if (message['method'] === 'notifications/subscriptions/acknowledged')
      this.#outgoing.acknowledge(metaOf(message)?.[subscriptionKey])
    return this.#incoming.notify(message, extra, deliver)
  }

  #watchHandlers(): void {
    const transport = this.#transport
    const { onmessage, onclose } = transport
    if (typeof onmessage === 'function' && !this.#own.has(onmessage)) {
      const receive = (message: unknown, extra?: unknown): unknown => {
        const deliver = (): unknown => onmessage.call(transport, message, extra)
        return isRecord(message) ? this.#receive(message, extra, deliver) : deliver()
      }
      this.#own.add(receive)
      Object.assign(transport, { onmessage: receive })
    }
    if (typeof onclose === 'function' && !this.#own.has(onclose)) {
      const close = (): void => {
        this.#incoming.close()
        this.#outgoing.close()
        onclose.call(transport)
      }
      this.#own.add(close)
      Object.assign(transport, { onclose: close })
    }
  }
}
