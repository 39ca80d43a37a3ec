import type { Outcome } from '../backend.ts'
import { messageOf } from '../../errors.ts'

/** How failing system calls are called in counters. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_reset',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'network_unreachable',
  ENETUNREACH: 'network_unreachable',
  ENOTFOUND: 'dns_error',
  EAI_AGAIN: 'dns_error',
}

const tlsCode = /CERT|TLS|SSL|UNABLE_TO_/

/** An attempt that failed with an HTTP status, or without any, and when the receiver said to come again. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly code: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(message: string, code: number | undefined, retryAfterMs?: number) {
    super(message)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * What the error of an exporter means for its batch.
 *
 * An HTTP status that says the request itself is wrong (2xx that is none, 3xx, 4xx, 501) is a rejection, named
 * `http_<status>`; 408, 409, 425, 429, 499 and the other 5xx, failures of the network, and everything unknown are worth
 * another attempt. OTLP names 429, 502, 503 and 504 as retryable; proxies answer the others in passing trouble.
 */
export function outcomeOfFailure(error: unknown): Outcome {
  const { code, data, retryAfterMs } = fieldsOf(error)
  const message = readableMessage(typeof data === 'string' ? data : '') || messageOfAny(error)
  if (typeof code === 'number' && code >= 100) {
    const reason = `http_${code}`
    if (!isPassing(code) || code === 501) return { kind: 'rejected', reason, message }
    return { kind: 'retry', reason, message, ...(typeof retryAfterMs === 'number' && { afterMs: retryAfterMs }) }
  }
  return { kind: 'retry', reason: reasonOf(code, message), message }
}

const passing = new Set([408, 409, 425, 429, 499])

/** True for a status that speaks of trouble in passing, a request that was cancelled on its way for one. */
export function isPassing(status: number): boolean {
  return passing.has(status) || status >= 500
}

function reasonOf(code: unknown, message: string): string {
  if (typeof code === 'string') {
    const known = Object.hasOwn(reasons, code) ? reasons[code] : undefined
    if (known !== undefined) return known
    if (tlsCode.test(code)) return 'tls_error'
  }
  return /timed? ?out/i.test(message) ? 'timeout' : 'export_failed'
}

function fieldsOf(error: unknown): { code?: unknown; data?: unknown; retryAfterMs?: unknown } {
  return typeof error === 'object' && error !== null ? error : {}
}

function messageOfAny(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error === undefined ? 'the exporter gave no reason' : messageOf(error)
}

/** The text for people in the body of an error answer: JSON, a protobuf `google.rpc.Status`, HTML or plain text. */
export function readableMessage(body: string): string {
  return fromJson(body) ?? fromStatus(body) ?? (body.trimStart().startsWith('<') ? fromHtml(body) : body.trim())
}

function fromJson(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const { message, error, detail } = parsed as Readonly<Record<string, unknown>>
    return [message, error, detail].find((text) => typeof text === 'string')
  } catch {
    return undefined
  }
}

/** The body was decoded as UTF-8 on its way here; field 2 (message) is text and survives that, its length may not. */
function fromStatus(body: string): string | undefined {
  const start = body.charCodeAt(0) === 0x08 ? 2 : 0
  if (body.charCodeAt(start) !== 0x12) return undefined
  const length = body.charCodeAt(start + 1)
  if (length < 0x80)
    return Buffer.from(body.slice(start + 2))
      .subarray(0, length)
      .toString()
  return body.slice(start + 3)
}

function fromHtml(body: string): string {
  const title = /<title>([^<]*)<\/title>/i.exec(body)?.[1]
  return (title ?? body.replaceAll(/<[^>]*>/g, ' ')).replaceAll(/\s+/g, ' ').trim()
}
