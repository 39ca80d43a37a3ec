import type { Context } from '@opentelemetry/api'
import type { LogRecordProcessor, ReadWriteLogRecord } from '@opentelemetry/sdk-logs'
import { diagnostics } from '../diagnostics.ts'
import type { PendingLogRecord } from '../pipeline/pending-log-record.ts'
import { currentAttributes } from '../tenant/current.ts'
import { stamp } from './stamp.ts'

/** Rough size in memory of a record without its attributes, and of one attribute. */
const recordBytes = 300
const attributeBytes = 60

/** Stamps each record of the OpenTelemetry logs API with the attributes of the work it was part of, and hands it on. */
export function stampingLogProcessor(deliver: (entry: PendingLogRecord) => void): LogRecordProcessor {
  return {
    onEmit(record: ReadWriteLogRecord, context?: Context): void {
      try {
        stamp(record.attributes, currentAttributes(context))
        deliver(pending(record))
      } catch (error) {
        diagnostics.count('log_records_failed')
        diagnostics.once('error', `a log record could not be taken: ${String(error)}`, 'log_records_failed')
      }
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
}

function pending(record: ReadWriteLogRecord): PendingLogRecord {
  const bodyBytes = typeof record.body === 'string' ? record.body.length : attributeBytes
  return {
    severityNumber: record.severityNumber,
    traceId: record.spanContext?.traceId,
    estimatedBytes: recordBytes + bodyBytes + attributeBytes * Object.keys(record.attributes).length,
    toRecord: () => record,
  }
}
