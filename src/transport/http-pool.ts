import { Socket } from 'node:net'
import type { buildConnector, Dispatcher, Pool } from 'undici'

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
}

/** What was answered, whatever the status. */
export interface HttpAnswer {
  readonly status: number
  /** The header's first value; undefined where there is none. */
  header(name: string): string | undefined
  /** The first bytes of the body, up to 64 KiB. */
  readonly body: Buffer
}

/** Kept-alive connections to one origin, shared with nobody. */
export interface HttpPool {
  /** Rejects when no whole head of an answer came: with the error of the network, or the signal's reason. */
  post(request: HttpPost): Promise<HttpAnswer>
  /** Closes all connections, those in use included. */
  close(): Promise<void>
}

/** What is read of a body; receivers say what is wrong in less. */
const maxBodyBytes = 65_536

/** Longer than batches wait, shorter than most proxies do: a connection is used again, and rarely found closed. */
const keepAliveMs = 30_000

/**
 * Makes a pool of connections for requests to one URL. The library behind it is loaded with the first request.
 *
 * A body that breaks off, or goes on beyond what is read, is cut there: the status is the answer.
 */
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
      // The deadline of an attempt is its caller's, in the signal.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }
  return {
    post: async ({ headers, body, signal }) => {
      if (closed) throw new Error('the connections are closed')
      pool ??= connect()
      const dispatcher = await pool
      const response = await dispatcher.request({
        method: 'POST',
        path: pathname + search,
        headers: { ...headers },
        body,
        signal,
      })
      const { statusCode: status, headers: fields } = response
      return {
        status,
        header: (name) => [fields[name]].flat()[0],
        body: await readSome(response.body),
      }
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

async function readSome(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= maxBodyBytes) break
    }
  } catch {
    // The status has been said; what is missing are words.
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes)
}
