import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { LogBatch, TraceBatch } from '../backends/backend.ts'
import { diagnostics } from '../diagnostics.ts'
import { sharedBytes } from './encode/shared-bytes.ts'
import type { PendingLogRecord } from './pending-log-record.ts'

/** Spans that were closed together. */
export function traceBatch(spans: readonly ReadableSpan[], estimatedBytes: number): TraceBatch {
  return Object.freeze({
    signal: 'traces',
    spans: Object.freeze(spans),
    count: spans.length,
    estimatedBytes,
    bytes: sharedBytes((encoder) => encoder.spans(spans)),
  })
}

/** Log records that are made already. */
export function logBatch(records: readonly ReadableLogRecord[], estimatedBytes: number): LogBatch {
  return Object.freeze({
    signal: 'logs',
    records: Object.freeze(records),
    count: records.length,
    estimatedBytes,
    bytes: sharedBytes((encoder) => encoder.logs(records)),
  })
}

/** A log record that is made when it is first asked for, and shared by all views. */
interface Slot {
  readonly pending: PendingLogRecord
  record: ReadableLogRecord | undefined
  asked: boolean
}

/** Log records that were closed together; a view is the same for the records of some severity and above. */
export interface PendingLogBatch extends LogBatch {
  /**
   * The records of at least this severity number, and those without any; undefined where there is none.
   *
   * Views are made once per number and shared. They share their records with the whole.
   */
  atLeast(severityNumber: number): LogBatch | undefined
}

/**
 * A batch of log records of which none is made before a backend asks for `records`.
 *
 * A record that cannot be made is counted (`log_records_unreadable`) and left out; `count` is then that of the rest.
 */
export function pendingLogBatch(entries: readonly PendingLogRecord[], estimatedBytes: number): PendingLogBatch {
  const slots = entries.map((pending): Slot => ({ pending, record: undefined, asked: false }))
  const views = new Map<number, LogBatch | undefined>()
  const whole = viewOf(slots, estimatedBytes)
  const atLeast = (severityNumber: number): LogBatch | undefined => {
    if (!views.has(severityNumber)) views.set(severityNumber, part(severityNumber))
    return views.get(severityNumber)
  }
  const part = (severityNumber: number): LogBatch | undefined => {
    const chosen = slots.filter(({ pending }) => isAtLeast(pending, severityNumber))
    if (chosen.length === slots.length) return whole
    if (chosen.length === 0) return undefined
    return Object.freeze(
      viewOf(
        chosen,
        chosen.reduce((bytes, { pending }) => bytes + pending.estimatedBytes, 0),
      ),
    )
  }
  return Object.freeze(Object.defineProperty(whole, 'atLeast', { value: atLeast })) as PendingLogBatch
}

/** True for a record of this severity or above, and for one that has none. */
export function isAtLeast(entry: PendingLogRecord, severityNumber: number): boolean {
  return (entry.severityNumber ?? Infinity) >= severityNumber
}

function viewOf(slots: readonly Slot[], estimatedBytes: number): LogBatch {
  let records: readonly ReadableLogRecord[] | undefined
  const recordsOf = (): readonly ReadableLogRecord[] => {
    records ??= Object.freeze(slots.map(recordOf).filter((record) => record !== undefined))
    return records
  }
  return {
    signal: 'logs',
    estimatedBytes,
    get count() {
      return records?.length ?? slots.length
    },
    get records() {
      return recordsOf()
    },
    bytes: sharedBytes((encoder) => encoder.logs(recordsOf())),
  }
}

function recordOf(slot: Slot): ReadableLogRecord | undefined {
  if (slot.asked) return slot.record
  slot.asked = true
  try {
    slot.record = slot.pending.toRecord()
  } catch {
    diagnostics.count('log_records_unreadable')
  }
  return slot.record
}
