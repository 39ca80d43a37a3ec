import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** What was seen of one request beside its outcome. */
export interface Seen {
  status?: number | undefined
  readonly headers: Map<string, string>
  /** The code of the error of the network, such as `ECONNREFUSED`. */
  errorCode?: string
  /** The first bytes of the answer, as text. */
  start: string
}

interface Message {
  readonly request: object
  readonly response?: { readonly statusCode: number; readonly headers: readonly Uint8Array[] }
  readonly error?: unknown
  readonly chunk?: Uint8Array
}

const enough = 2_048
const empty = (): Seen => ({ headers: new Map(), start: '' })

/**
 * Runs a request and notes what its HTTP client publishes of it: status, header fields, and errors.
 *
 * A backend's own connection says what an answer means, and not what was in it.
 * https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md
 */
export async function watched<Result>(run: () => Promise<Result>): Promise<readonly [Result, Seen]> {
  const seen = empty()
  const storage = new AsyncLocalStorage<true>()
  const own = new WeakSet()
  const listen = (name: string, note: (message: Message) => void): (() => void) => {
    const listener = (message: unknown): void => note(message as Message)
    subscribe(name, listener)
    return () => void unsubscribe(name, listener)
  }
  const mine = (note: (message: Message) => void) => (message: Message) => {
    if (own.has(message.request)) note(message)
  }
  const noteError = mine(({ error }) => {
    const code = codeOf(error)
    if (code !== undefined) seen.errorCode ??= code
  })
  const noteOwn = ({ request }: Message): void => {
    if (storage.getStore() === true) own.add(request)
  }
  const stop = [
    listen('undici:request:create', noteOwn),
    listen(
      'undici:request:headers',
      mine(({ response }) => noteHead(seen, response)),
    ),
    listen(
      'undici:request:bodyChunkReceived',
      mine(({ chunk }) => {
        if (chunk !== undefined && seen.start.length < enough)
          seen.start += Buffer.from(chunk).toString('utf8', 0, enough)
      }),
    ),
    listen('undici:request:error', noteError),
    // Metrics go over Node's own client.
    listen('http.client.request.created', noteOwn),
    listen('http.client.request.error', noteError),
  ]
  try {
    return [await storage.run(true, run), seen]
  } finally {
    for (const end of stop) end()
  }
}

function noteHead(seen: Seen, response: Message['response']): void {
  if (response === undefined) return
  seen.status = response.statusCode
  const texts = response.headers.map((bytes) => Buffer.from(bytes).toString('latin1'))
  for (let index = 0; index + 1 < texts.length; index += 2)
    seen.headers.set((texts[index] ?? '').toLowerCase(), texts[index + 1] ?? '')
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown }
  return typeof code === 'string' ? code : codeOf(cause)
}
