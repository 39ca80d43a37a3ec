import { STATUS_CODES } from 'node:http'
import type { HttpAnswer } from '../../transport/http-pool.ts'
import type { Outcome } from '../backend.ts'
import { AttemptError, outcomeOfFailure, readableMessage } from './export-failure.ts'
import { readPartialSuccess } from './partial-success.ts'

/** The status with which Loki says that it dropped what it was sent: a 2xx that is no success. */
const ingestionBlocked = 260

/**
 * What an answer of an OTLP/HTTP receiver means.
 *
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response. A partial success is a rejection of the named number of items,
 * never sent again; one that names none is a delivery of all.
 */
export function outcomeOfAnswer(answer: HttpAnswer, nowMs: number): Outcome {
  const { status, body } = answer
  if (status >= 200 && status < 300 && status !== ingestionBlocked) {
    const partial = readPartialSuccess(body, answer.header('content-type'))
    if (partial === undefined) return { kind: 'delivered' }
    return { kind: 'rejected', reason: 'partial_success', message: partial.message, count: partial.rejected }
  }
  const said = readableMessage(body.toString('utf8'))
  const message = said === '' ? (STATUS_CODES[status] ?? `the receiver answered ${status}`) : said
  return outcomeOfFailure(new AttemptError(message, status, retryAfterMs(answer.header('retry-after'), nowMs)))
}

/** `Retry-After` (RFC 9110, section 10.2.3), seconds or a date, in milliseconds; undefined where it is neither. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
