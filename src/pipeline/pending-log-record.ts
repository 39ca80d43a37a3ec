import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { LogLine } from './log-line.ts'

/** A log record as it was captured, cheaply; the record itself is made when a batch is first read. */
export interface PendingLogRecord {
  readonly severityNumber: number | undefined
  /** The trace it is part of. */
  readonly traceId: string | undefined
  /** Estimated size in memory, in bytes. */
  readonly estimatedBytes: number
  /** Undefined where it is not to be had from its line alone. */
  readonly asLine?: LogLine | undefined
  toRecord(): ReadableLogRecord
}
