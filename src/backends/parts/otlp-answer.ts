import { STATUS_CODES } from 'node:http'
import type { HttpAnswer } from '../../transport/answer-handler.ts'
import type { OtlpOutcome } from '../backend.ts'
import { isPassing, readableMessage } from './export-failure.ts'
import { htmlPageHint, isHtmlPage } from './html-page.ts'
import { readPartialSuccess } from './partial-success.ts'
import { httpDateMs, retryAfterMs } from './retry-after.ts'
import { shownUrl } from './shown-url.ts'

/** The status with which Loki says that it dropped what it was sent: a 2xx that is no success. */
const ingestionBlocked = 260

/** Statuses that say what is wrong with the request, not with what is in it: with its address, its credentials, its form. */
const blocking = new Set([401, 402, 403, 404, 405, 406, 407, 410, 411, 414, 415, 421, 426, 431, 451, 501, 505, 511])

const tooLarge = /larger than max|too large|exceeds? (?:the )?max|max_recv|body size/i

/** What is said of too much in a time, and not at once: halves of it are as much. */
const ofRate = /\brate\b/i

/** What Loki says of entries that it will never take; the others of the request are stored. */
const neverTaken =
  /too old|too far (?:behind|in (?:the )?future)|out of order|partially ingested|greater_than_max_sample_age/i

/**
 * What an answer of an OTLP/HTTP receiver means.
 *
 * By https://opentelemetry.io/docs/specs/otlp/#otlphttp-response, and by what receivers do: a partial success is a
 * rejection of the named number of items, never sent again; what the address or the credentials are to blame for is
 * `blocked`, and so is a web page, whatever its status; 413, 400 that speaks of size, and 429 that does without saying
 * when to come again, call for smaller requests; 400 and 422 for a search for the item that spoils the request, unless
 * Loki names entries that it will never take. 408, 409, 425, 429, 499 and 5xx but 501, 505 and 511 are worth another
 * attempt: OTLP names 429, 502, 503 and 504 alone, but proxies answer the others in passing trouble.
 */
export function outcomeOfAnswer(
  answer: HttpAnswer,
  nowMs: number,
  hintFor?: (status: number, message: string) => string | undefined,
): OtlpOutcome {
  const { status } = answer
  if (status >= 200 && status < 300 && status !== ingestionBlocked) return outcomeOfSuccess(answer)
  const reason = `http_${status}`
  const message = messageOf(answer)
  if (status === ingestionBlocked) return { kind: 'rejected', reason, message }
  if (status < 400 || blocking.has(status)) {
    const hint = hintFor?.(status, message) ?? redirectHint(answer)
    return { kind: 'blocked', reason, message, ...(hint !== undefined && { hint }) }
  }
  const afterMs = isPassing(status) ? retryAfterMs(answer.header('retry-after'), clockOf(answer) ?? nowMs) : undefined
  if (status === 413 || isOfSize(status, message, afterMs)) return { kind: 'split', cause: 'size', reason, message }
  if (isPassing(status)) return { kind: 'retry', reason, message, ...(afterMs !== undefined && { afterMs }) }
  if (neverTaken.test(message)) return { kind: 'rejected', reason: 'not_taken', message, ...ignoredCount(message) }
  return { kind: 'split', cause: 'item', reason, message }
}

/** A body that says nothing is none of our business: the status says that everything was taken. */
function outcomeOfSuccess(answer: HttpAnswer): OtlpOutcome {
  const contentType = answer.header('content-type')
  const partial = readPartialSuccess(answer.body, contentType)
  if (partial !== undefined) {
    return { kind: 'rejected', reason: 'partial_success', message: partial.message, count: partial.rejected }
  }
  if (!isHtmlPage(answer.body.toString('utf8'), contentType)) return { kind: 'delivered' }
  return { kind: 'blocked', reason: `http_${answer.status}`, message: messageOf(answer), hint: htmlPageHint }
}

/** Tempo says when to come again where there was too much in a time; without it, 429 may be of what is too large. */
function isOfSize(status: number, message: string, afterMs: number | undefined): boolean {
  if (status === 429 && (afterMs !== undefined || ofRate.test(message))) return false
  return (status === 400 || status === 429) && tooLarge.test(message)
}

function messageOf({ status, body }: HttpAnswer): string {
  const said = readableMessage(body.toString('utf8'))
  return said === '' ? (STATUS_CODES[status] ?? `the receiver answered ${status}`) : said
}

/** How many entries Loki says that it left out, of each stream: `total ignored: 3 out of 10`. All, where it does not say. */
function ignoredCount(message: string): { readonly count?: number } {
  const ignored = [...message.matchAll(/total ignored: (\d+) out of/g)].map(([, count]) => Number(count))
  return ignored.length === 0 ? {} : { count: ignored.reduce((sum, count) => sum + count, 0) }
}

function redirectHint(answer: HttpAnswer): string | undefined {
  const to = answer.status < 400 ? answer.header('location') : undefined
  return to === undefined ? undefined : `It says that it is at ${shownUrl(to)}: set the endpoint to that.`
}

/** What the receiver's clock says: a date of its own is meant by that one, whatever ours says. */
function clockOf(answer: HttpAnswer): number | undefined {
  return httpDateMs(answer.header('date') ?? '', Date.now())
}
