import type { LevelName } from '../config/types.ts'
import type { PendingLogRecord } from './pending-log-record.ts'

/** What of a signal one lane takes. */
export interface Selection {
  /** The lowest severity number of log records; undefined where all are taken. */
  readonly minSeverity: number | undefined
  /** The share of traces, from 0 to 1, of which spans and log records are taken. */
  readonly share: number
}

/** The lowest OpenTelemetry severity number of each level. */
const severityNumbers: Readonly<Record<LevelName, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
}

export function selectionOf(minLevel: LevelName | undefined, share = 1): Selection {
  return { minSeverity: minLevel === undefined ? undefined : severityNumbers[minLevel], share }
}

/** True for a record of the severity or above, or of none, that is part of no trace or of one that is taken. */
export function isSelected(
  { severityNumber, traceId }: Pick<PendingLogRecord, 'severityNumber' | 'traceId'>,
  { minSeverity, share }: Selection,
): boolean {
  if (minSeverity !== undefined && (severityNumber ?? Infinity) < minSeverity) return false
  return traceId === undefined || isTraceSelected(traceId, share)
}

/** The digits of a trace id that are random, by W3C Trace Context Level 2, and as many of them as a number can hold. */
const randomDigits = [18, 31] as const
const mostRandom = 16 ** 13

/**
 * True for so many of all traces, the same ones in each process and at each backend; those of a smaller share are among
 * those of a larger one.
 *
 * https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function isTraceSelected(traceId: string, share: number): boolean {
  return share >= 1 || Number.parseInt(traceId.slice(...randomDigits), 16) >= (1 - share) * mostRandom
}
