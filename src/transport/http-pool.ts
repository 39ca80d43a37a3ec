import { Socket } from 'node:net'
import type { buildConnector, Pool } from 'undici'
import { AnswerHandler, type HttpAnswer } from './answer-handler.ts'

/** Who is trusted, and who we are; PEM texts. */
export interface TlsOptions {
  /** Whom to trust instead of the well-known authorities. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface HttpPoolOptions {
  readonly tls?: TlsOptions
  /** Most connections at once. Default: 1. */
  readonly connections?: number
}

export interface HttpPost {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Gives the request up, and with it its connection. */
  readonly signal: AbortSignal
  /** Most milliseconds until the answer is there; where only its head is by then, that is the answer. */
  readonly timeoutMs: number
}

/** Kept-alive connections to one origin, shared with nobody. */
export interface HttpPool {
  /**
   * Rejects when no whole head of an answer came: with the error of the network, with {@link NoAnswerError} when the time
   * is over, or with the signal's reason.
   */
  post(request: HttpPost): Promise<HttpAnswer>
  /** Closes all connections, those in use included. */
  close(): Promise<void>
}

/** Longer than batches wait, shorter than most proxies do: a connection is used again, and rarely found closed. */
const keepAliveMs = 30_000

/** Makes a pool of connections for requests to one URL. The library behind it is loaded with the first request. */
export function createHttpPool(url: string, { tls = {}, connections = 1 }: HttpPoolOptions = {}): HttpPool {
  const { origin, pathname, search } = new URL(url)
  let pool: Promise<Pool> | undefined
  let closed = false
  const connect = async (): Promise<Pool> => {
    const { Pool, buildConnector } = await import('undici')
    return new Pool(origin, {
      connections,
      pipelining: 1,
      connect: letGo(buildConnector({ ...tls })),
      keepAliveTimeout: keepAliveMs,
      // An attempt has a deadline of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }
  return {
    post: async ({ headers, body, signal, timeoutMs }) => {
      if (closed) throw new Error('the connections are closed')
      pool ??= connect()
      const dispatcher = await pool
      signal.throwIfAborted()
      return new Promise((resolve, reject) => {
        const request = { method: 'POST', path: pathname + search, headers, body } as const
        dispatcher.dispatch(request, new AnswerHandler({ signal, timeoutMs, resolve, reject }))
      })
    },
    close: async () => {
      closed = true
      await (await pool)?.destroy()
    },
  }
}

/**
 * Keeps connections from keeping the process alive, also while a request is under way.
 *
 * Who waits for a delivery, a flush or a stop, holds the process by a timer of its own, up to its deadline.
 */
function letGo(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const socket: unknown = connect(options, callback)
    if (!(socket instanceof Socket)) return
    socket.unref()
    socket.ref = () => socket
  }
}
