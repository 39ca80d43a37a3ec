import { SpanStatusCode, trace, type Span } from '@opentelemetry/api'
import { messageOf } from '../errors.ts'
import { withAttributes } from './current.ts'

/**
 * Runs a function as a named operation: a span, with `operation.type` on it and on all that happens inside.
 *
 * `type` says what is done to a tenant (`provision`, `update`, `delete`, …), `name` is the span's name. An error, thrown
 * or rejected, becomes the span's status and its `exception` event, and goes on to the caller. Returns what `fn`
 * returns; with an async function the span ends when it settles.
 */
export function operation<T>(type: string, name: string, fn: (span: Span) => T): T {
  return withAttributes({ 'operation.type': type }, () =>
    trace.getTracer('signalbox').startActiveSpan(name, (span) => runIn(span, fn)),
  )
}

function runIn<T>(span: Span, fn: (span: Span) => T): T {
  let result: T
  try {
    result = fn(span)
  } catch (error) {
    fail(span, error)
    throw error
  }
  if (!isThenable(result)) {
    span.end()
    return result
  }
  return result.then(
    (value) => {
      span.end()
      return value
    },
    (error: unknown) => {
      fail(span, error)
      throw error
    },
  ) as T
}

function fail(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : messageOf(error))
  span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) })
  span.end()
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
