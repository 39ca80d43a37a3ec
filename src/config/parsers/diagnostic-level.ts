import type { DiagnosticLevel } from '../../diagnostics.ts'
import { oneOf } from './text.ts'

const level = oneOf('none', 'error', 'warn', 'info', 'debug', 'verbose', 'all')

/** A level of `OTEL_LOG_LEVEL`; `verbose` and `all` are `debug`. */
export function diagnosticLevel(raw: unknown): DiagnosticLevel {
  const name = level(raw)
  return name === 'verbose' || name === 'all' ? 'debug' : name
}
