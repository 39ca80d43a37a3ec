import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'

/** A log record as it was captured, cheaply; the record itself is made when a batch is first read. */
export interface PendingLogRecord {
  readonly severityNumber: number | undefined
  /** The trace it is part of. */
  readonly traceId: string | undefined
  /** Estimated size in memory, in bytes. */
  readonly estimatedBytes: number
  toRecord(): ReadableLogRecord
}
