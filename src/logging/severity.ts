import { SeverityNumber } from '@opentelemetry/api'

// The numbers that pino's six own levels leave free, for levels of the user's making.
const between: readonly SeverityNumber[] = [
  SeverityNumber.TRACE2,
  SeverityNumber.TRACE3,
  SeverityNumber.TRACE4,
  SeverityNumber.DEBUG2,
  SeverityNumber.DEBUG3,
  SeverityNumber.DEBUG4,
  SeverityNumber.INFO2,
  SeverityNumber.INFO3,
  SeverityNumber.INFO4,
  SeverityNumber.WARN2,
  SeverityNumber.WARN3,
  SeverityNumber.WARN4,
  SeverityNumber.ERROR2,
  SeverityNumber.ERROR3,
  SeverityNumber.ERROR4,
  SeverityNumber.FATAL2,
  SeverityNumber.FATAL3,
  SeverityNumber.FATAL4,
]

/**
 * The OpenTelemetry severity of a pino level: 10 → 1, 20 → 5, 30 → 9, 40 → 13, 50 → 17, 60 → 21.
 *
 * A custom level is put in proportion between those, as `@opentelemetry/instrumentation-pino` does it. What is not a
 * number has no severity.
 */
export function severityOf(level: number): SeverityNumber | undefined {
  switch (level) {
    case 10:
      return SeverityNumber.TRACE
    case 20:
      return SeverityNumber.DEBUG
    case 30:
      return SeverityNumber.INFO
    case 40:
      return SeverityNumber.WARN
    case 50:
      return SeverityNumber.ERROR
    case 60:
      return SeverityNumber.FATAL
    default:
  }
  if (typeof level !== 'number' || Number.isNaN(level)) return undefined
  const index = Math.floor(((level - 10) / 60) * between.length)
  return between[Math.min(between.length - 1, Math.max(0, index))]
}
