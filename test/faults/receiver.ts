import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Contract, Verdict } from './contracts.ts'
import { readStreams, type Signal, unzipped } from './wire.ts'

/** What goes wrong with a request, in place of the contract's own answer or after it. */
export type Fault =
  /** Read, and never answered. */
  | { readonly kind: 'silence' }
  /** The connection is cut when the head of the request is there. */
  | { readonly kind: 'cut'; readonly after: 'head' | 'storing' }
  /** The answer drips, and never ends. */
  | { readonly kind: 'drip' }
  /** Answered so, nothing stored. */
  | {
      readonly kind: 'answer'
      readonly verdict: (names: readonly string[], signal: Signal) => Partial<Verdict> | undefined
    }
  /** The contract's answer, but late. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Stored, with another body or further headers in the answer. */
  | { readonly kind: 'stored'; readonly status?: number; readonly body: string | Uint8Array }

/** A receiver on loopback that keeps to a contract, or does what its fault says. */
export class Receiver {
  readonly #contract: Contract
  readonly #tls: ServerOptions | undefined
  readonly #received: Readonly<Record<Signal, Map<string, number>>> = { traces: new Map(), logs: new Map() }
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0
  fault: Fault | undefined
  /** Requests that came, whatever became of them. */
  requests = 0
  /** Most requests that were under way at once. */
  mostAtOnce = 0
  #underWay = 0

  constructor(contract: Contract, tls?: ServerOptions) {
    this.#contract = contract
    this.#tls = tls
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`
  }

  /** How often each item was stored. */
  stored(signal: Signal): ReadonlyMap<string, number> {
    return this.#received[signal]
  }

  /** Begins to listen, on the port of the last time. */
  async open(): Promise<this> {
    const take = (request: IncomingMessage, response: ServerResponse): void => void this.#take(request, response)
    const server = this.#tls === undefined ? createServer(take) : createTlsServer(this.#tls, take)
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    return this
  }

  /** Stops listening and cuts all connections; {@link open} goes on where it was. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1
    this.#underWay += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay)
    response.on('close', () => (this.#underWay -= 1))
    const { fault } = this
    if (fault?.kind === 'cut' && fault.after === 'head') return void request.socket.destroy()
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    } catch {
      return
    }
    const bytes = unzipped(Buffer.concat(chunks), request.headers['content-encoding'])
    const signal: Signal = request.url?.endsWith('/v1/logs') === true ? 'logs' : 'traces'
    if (fault?.kind === 'silence') return
    if (fault?.kind === 'late') await new Promise((resolve) => setTimeout(resolve, fault.ms))
    const streams = readStreams(bytes, signal)
    if (streams === undefined || request.url?.endsWith(`/v1/${signal}`) !== true)
      return void response.writeHead(404).end()
    const names = streams.flatMap(({ items }) => items.map(({ name }) => name))
    const instead = fault?.kind === 'answer' ? fault.verdict(names, signal) : undefined
    const { authorization } = request.headers
    const verdict: Verdict =
      instead === undefined
        ? this.#contract({ signal, streams, authorization, bytes: bytes.length })
        : { stored: [], status: 200, ...instead }
    for (const { name } of verdict.stored) {
      this.#received[signal].set(name, (this.#received[signal].get(name) ?? 0) + 1)
    }
    if (fault?.kind === 'cut') return void request.socket.destroy()
    if (fault?.kind === 'drip') return this.#drip(response)
    const { status, body } = fault?.kind === 'stored' ? { status: verdict.status, ...fault } : verdict
    response.writeHead(status, { ...verdict.headers }).end(body)
  }

  #drip(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '100000' })
    const timer = setInterval(() => response.write('x'), 50)
    response.on('close', () => clearInterval(timer))
  }
}
