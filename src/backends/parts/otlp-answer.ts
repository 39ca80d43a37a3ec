import { STATUS_CODES } from 'node:http'
import type { HttpAnswer } from '../../transport/http-pool.ts'
import type { OtlpOutcome } from '../backend.ts'
import { readableMessage } from './export-failure.ts'
import { readPartialSuccess } from './partial-success.ts'

/** The status with which Loki says that it dropped what it was sent: a 2xx that is no success. */
const ingestionBlocked = 260

/** Statuses that say what is wrong with the request, not with what is in it: with its address, its credentials, its form. */
const blocking = new Set([401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 431, 451, 501, 505, 511])

const tooLarge = /larger than max|too large|exceeds? (?:the )?max|max_recv|body size/i

/** What Loki says of entries that it will never take; the others of the request are stored. */
const neverTaken =
  /too old|too far (?:behind|in (?:the )?future)|out of order|partially ingested|greater_than_max_sample_age/i

/**
 * What an answer of an OTLP/HTTP receiver means.
 *
 * By https://opentelemetry.io/docs/specs/otlp/#otlphttp-response, and by what receivers do: a partial success is a
 * rejection of the named number of items, never sent again; what the address or the credentials are to blame for is
 * `blocked`; 413, and 400 or 429 that speak of size, call for smaller requests; 400 and 422 for a search for the item that
 * spoils the request, unless Loki names entries that it will never take. 408, 429 and 5xx but 501 and 505 are worth another
 * attempt: OTLP names 429, 502, 503 and 504 alone, but proxies answer 408 and 500 in passing trouble.
 */
export function outcomeOfAnswer(
  answer: HttpAnswer,
  nowMs: number,
  hintFor?: (status: number, message: string) => string | undefined,
): OtlpOutcome {
  const { status, body } = answer
  if (status >= 200 && status < 300 && status !== ingestionBlocked) {
    const partial = readPartialSuccess(body, answer.header('content-type'))
    if (partial === undefined) return { kind: 'delivered' }
    return { kind: 'rejected', reason: 'partial_success', message: partial.message, count: partial.rejected }
  }
  const reason = `http_${status}`
  const message = messageOf(answer)
  if (status === ingestionBlocked) return { kind: 'rejected', reason, message }
  if (status < 400 || blocking.has(status)) {
    const hint = hintFor?.(status, message) ?? redirectHint(answer)
    return { kind: 'blocked', reason, message, ...(hint !== undefined && { hint }) }
  }
  if (status === 413 || ((status === 400 || status === 429) && tooLarge.test(message))) {
    return { kind: 'split', cause: 'size', reason, message }
  }
  if (status === 408 || status === 429 || status >= 500) {
    const afterMs = retryAfterMs(answer.header('retry-after'), clockOf(answer) ?? nowMs)
    return { kind: 'retry', reason, message, ...(afterMs !== undefined && { afterMs }) }
  }
  if (neverTaken.test(message)) return { kind: 'rejected', reason: 'not_taken', message, ...ignoredCount(message) }
  return { kind: 'split', cause: 'item', reason, message }
}

function messageOf({ status, body }: HttpAnswer): string {
  const said = readableMessage(body.toString('utf8'))
  return said === '' ? (STATUS_CODES[status] ?? `the receiver answered ${status}`) : said
}

/** How many entries Loki says that it left out: `total ignored: 3 out of 10`. All, where it does not say. */
function ignoredCount(message: string): { readonly count?: number } {
  const ignored = /total ignored: (\d+) out of/.exec(message)?.[1]
  return ignored === undefined ? {} : { count: Number(ignored) }
}

function redirectHint(answer: HttpAnswer): string | undefined {
  const to = answer.status < 400 ? answer.header('location') : undefined
  return to === undefined ? undefined : `It says that it is at ${to}: set the endpoint to that.`
}

/** What the receiver's clock says: a date of its own is meant by that one, whatever ours says. */
function clockOf(answer: HttpAnswer): number | undefined {
  const date = Date.parse(answer.header('date') ?? '')
  return Number.isNaN(date) ? undefined : date
}

/** `Retry-After` (RFC 9110, section 10.2.3), seconds or a date, in milliseconds; undefined where it is neither. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
