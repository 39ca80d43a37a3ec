import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { cutAt, type View } from '../view.ts'

/** Longest message that Logfire shows. */
const maxMessageBytes = 512
const cutMessage = cutAt(maxMessageBytes)

const levels = { warn: 13, error: 17 } as const
const nothing: Readonly<Record<string, unknown>> = Object.freeze({})
const asLevel = {
  [levels.warn]: Object.freeze({ 'logfire.level_num': levels.warn }),
  [levels.error]: Object.freeze({ 'logfire.level_num': levels.error }),
}

/**
 * As Logfire wants it: a level for spans, as its own SDK finds it, and a message for log records.
 *
 * https://logfire.pydantic.dev/docs/reference/sql/
 */
export const logfireView: View = {
  id: 'logfire',
  spanExtras: (span) => {
    const level = levelOf(span)
    return level === undefined ? nothing : asLevel[level]
  },
  logExtras: ({ body, eventName }) => {
    const message = typeof body === 'string' && body !== '' ? body : eventName
    return message === undefined ? nothing : { 'logfire.msg': cutMessage(message) }
  },
}

/** Error where the span failed; warn where a caller was told that its request is wrong. Undefined is info. */
function levelOf({ kind, status, attributes }: ReadableSpan): 13 | 17 | undefined {
  if (status.code === SpanStatusCode.ERROR) return levels.error
  const code = attributes['http.response.status_code']
  if (typeof code !== 'number' || code < 400) return undefined
  if (kind === SpanKind.SERVER) return code < 500 ? levels.warn : levels.error
  return kind === SpanKind.CLIENT ? levels.error : undefined
}
