import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { LogBatch, TraceBatch } from '../backends/backend.ts'
import { diagnostics } from '../diagnostics.ts'
import { sharedBytes } from './encode/shared-bytes.ts'
import type { PendingLogRecord } from './pending-log-record.ts'
import type { Redactor } from './redaction/redactor.ts'
import { isSelected, isTraceSelected, type Selection } from './selection.ts'

/** A batch of which lanes take parts; those that take the same share one. */
interface Selectable<Part> {
  /** What the lane takes of it; undefined where that is nothing. Made once for equal selections, and shared. */
  select(selection: Selection): Part | undefined
}

export interface SelectableTraceBatch extends TraceBatch, Selectable<TraceBatch> {}

/** A batch of log records of which none is made before a backend asks for `records`; parts share them with the whole. */
export interface PendingLogBatch extends LogBatch, Selectable<LogBatch> {}

/** Spans that were closed together. */
export function traceBatch(spans: readonly ReadableSpan[], estimatedBytes: number): SelectableTraceBatch {
  const whole = traceBatchOf(spans, estimatedBytes)
  return selectable(whole, ({ share }) => {
    if (share >= 1) return whole
    const chosen = spans.filter((span) => isTraceSelected(span.spanContext().traceId, share))
    if (chosen.length === spans.length) return whole
    return chosen.length === 0
      ? undefined
      : Object.freeze(traceBatchOf(chosen, Math.ceil((estimatedBytes * chosen.length) / spans.length)))
  })
}

function traceBatchOf(spans: readonly ReadableSpan[], estimatedBytes: number): TraceBatch {
  return {
    signal: 'traces',
    spans: Object.freeze(spans),
    count: spans.length,
    estimatedBytes,
    bytes: sharedBytes((encoder) => encoder.spans(spans)),
  }
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

/** A log record that is made when it is first asked for, and shared by all parts. */
interface Slot {
  readonly pending: PendingLogRecord
  record: ReadableLogRecord | undefined
  asked: boolean
}

/**
 * A batch of log records of which none is made before a backend asks for `records`.
 *
 * A record that cannot be made is counted (`log_records_unreadable`) and left out; `count` is then that of the rest.
 */
export function pendingLogBatch(
  entries: readonly PendingLogRecord[],
  estimatedBytes: number,
  redactor?: Redactor,
): PendingLogBatch {
  const slots = entries.map((pending): Slot => ({ pending, record: undefined, asked: false }))
  const whole = partOf(slots, estimatedBytes, redactor)
  return selectable(whole, (selection) => {
    if (selection.minSeverity === undefined && selection.share >= 1) return whole
    const chosen = slots.filter(({ pending }) => isSelected(pending, selection))
    if (chosen.length === slots.length) return whole
    if (chosen.length === 0) return undefined
    const bytes = chosen.reduce((sum, { pending }) => sum + pending.estimatedBytes, 0)
    return Object.freeze(partOf(chosen, bytes, redactor))
  })
}

function selectable<Part extends object>(
  whole: Part,
  select: (selection: Selection) => Part | undefined,
): Part & Selectable<Part> {
  const parts = new Map<string, Part | undefined>()
  const remembered = (selection: Selection): Part | undefined => {
    const key = `${selection.minSeverity} ${selection.share}`
    if (!parts.has(key)) parts.set(key, select(selection))
    return parts.get(key)
  }
  return Object.freeze(Object.defineProperty(whole, 'select', { value: remembered })) as Part & Selectable<Part>
}

function partOf(slots: readonly Slot[], estimatedBytes: number, redactor: Redactor | undefined): LogBatch {
  let records: readonly ReadableLogRecord[] | undefined
  const recordsOf = (): readonly ReadableLogRecord[] => {
    if (records !== undefined) return records
    const readable: ReadableLogRecord[] = []
    for (const slot of slots) {
      const record = recordOf(slot, redactor)
      if (record !== undefined) readable.push(record)
    }
    records = Object.freeze(readable)
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

function recordOf(slot: Slot, redactor: Redactor | undefined): ReadableLogRecord | undefined {
  if (slot.asked) return slot.record
  slot.asked = true
  try {
    const record = slot.pending.toRecord()
    slot.record = redactor === undefined ? record : redactor.record(record)
  } catch {
    diagnostics.count('log_records_unreadable')
  }
  return slot.record
}
