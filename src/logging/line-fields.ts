import { isSpanContextValid, isValidSpanId, isValidTraceId, type SpanContext, TraceFlags } from '@opentelemetry/api'
import { diagnostics } from '../diagnostics.ts'

/** The fields of a log line. */
export type LineFields = Readonly<Record<string, unknown>>

/** Parses a line; undefined, and counted, where it is no JSON object. */
export function parseLine(line: string): LineFields | undefined {
  try {
    const fields = asFields(JSON.parse(line))
    if (fields !== undefined) return fields
  } catch {
    // counted below, together with a line that is JSON but no object
  }
  diagnostics.count('log_lines_unparsed')
  diagnostics.once(
    'warn',
    'a pino line is not a JSON object; such lines are delivered as plain text',
    'log_lines_unparsed',
  )
  return undefined
}

/** A value as fields, where it is an object. */
export function asFields(value: unknown): LineFields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as LineFields) : undefined
}

let lastValid: SpanContext | undefined

/** A span context, where it is a valid one. */
export function validContext(context: SpanContext | undefined): SpanContext | undefined {
  if (context === undefined || context === lastValid) return context
  if (!isSpanContextValid(context)) return undefined
  lastValid = context
  return context
}

/** The span context that a line itself names, as correlation by hand or of another process writes it. */
export function contextOf({
  trace_id: traceId,
  span_id: spanId,
  trace_flags: flags,
}: LineFields): SpanContext | undefined {
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return undefined
  if (!isValidTraceId(traceId) || !isValidSpanId(spanId)) return undefined
  const sampled = typeof flags === 'string' ? Number.parseInt(flags, 16) : flags
  return {
    traceId,
    spanId,
    traceFlags: typeof sampled === 'number' && sampled & 1 ? TraceFlags.SAMPLED : TraceFlags.NONE,
  }
}

/** Tells whether two values parsed from JSON are the same. */
export function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
}
