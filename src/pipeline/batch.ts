import type { Resource } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { LogBatch, TraceBatch } from '../backends/backend.ts'
import { diagnostics } from '../diagnostics.ts'
import type { Scope } from './encode/envelope.ts'
import { sharedBytes } from './encode/shared-bytes.ts'
import type { LogItem, LogLine } from './log-line.ts'
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
  return new Spans(Object.freeze(spans), estimatedBytes)
}

// Classes, as an object with accessors of its own takes a hidden class of its own as well, which is old from the first
// moment, and keeps what is young alive.
class Spans implements SelectableTraceBatch {
  readonly signal = 'traces'
  readonly spans: readonly ReadableSpan[]
  readonly count: number
  readonly estimatedBytes: number
  readonly bytes: TraceBatch['bytes']
  readonly #parts = new Map<number, TraceBatch | undefined>()

  constructor(spans: readonly ReadableSpan[], estimatedBytes: number) {
    this.spans = spans
    this.count = spans.length
    this.estimatedBytes = estimatedBytes
    this.bytes = sharedBytes((encoder) => encoder.spans(spans))
    Object.freeze(this)
  }

  select({ share }: Selection): TraceBatch | undefined {
    if (share >= 1) return this
    if (!this.#parts.has(share)) this.#parts.set(share, this.#part(share))
    return this.#parts.get(share)
  }

  #part(share: number): TraceBatch | undefined {
    const chosen = this.spans.filter((span) => isTraceSelected(span.spanContext().traceId, share))
    if (chosen.length === this.count) return this
    if (chosen.length === 0) return undefined
    return new Spans(Object.freeze(chosen), Math.ceil((this.estimatedBytes * chosen.length) / this.count))
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
  return new PendingRecords(
    entries.map((pending) => new Slot(pending, redactor)),
    estimatedBytes,
    redactor,
  )
}

class PendingRecords implements PendingLogBatch {
  readonly signal = 'logs'
  readonly estimatedBytes: number
  readonly bytes: LogBatch['bytes']
  readonly #slots: readonly Slot[]
  readonly #redactor: Redactor | undefined
  readonly #parts = new Map<string, LogBatch | undefined>()
  #records: readonly ReadableLogRecord[] | undefined

  constructor(slots: readonly Slot[], estimatedBytes: number, redactor: Redactor | undefined) {
    this.estimatedBytes = estimatedBytes
    this.#slots = slots
    this.#redactor = redactor
    this.bytes = sharedBytes((encoder) =>
      encoder.logItems(
        slots.filter(({ isReadable }) => isReadable),
        redactor,
      ),
    )
    Object.freeze(this)
  }

  get count(): number {
    return this.#records?.length ?? this.#slots.length
  }

  get records(): readonly ReadableLogRecord[] {
    if (this.#records !== undefined) return this.#records
    const readable: ReadableLogRecord[] = []
    for (const slot of this.#slots) {
      const record = slot.record()
      if (record !== undefined) readable.push(record)
    }
    this.#records = Object.freeze(readable)
    return readable
  }

  select(selection: Selection): LogBatch | undefined {
    if (selection.minSeverity === undefined && selection.share >= 1) return this
    const key = `${selection.minSeverity} ${selection.share}`
    if (!this.#parts.has(key)) this.#parts.set(key, this.#part(selection))
    return this.#parts.get(key)
  }

  #part(selection: Selection): LogBatch | undefined {
    const chosen = this.#slots.filter(({ pending }) => isSelected(pending, selection))
    if (chosen.length === this.#slots.length) return this
    if (chosen.length === 0) return undefined
    const bytes = chosen.reduce((sum, { pending }) => sum + pending.estimatedBytes, 0)
    return new PendingRecords(chosen, bytes, this.#redactor)
  }
}

/** A log record that is made when it is first asked for, and shared by all parts. */
class Slot implements LogItem {
  readonly pending: PendingLogRecord
  readonly #redactor: Redactor | undefined
  /** Until the record is made. */
  line: LogLine | undefined
  #record: ReadableLogRecord | undefined
  #isAsked = false

  constructor(pending: PendingLogRecord, redactor: Redactor | undefined) {
    this.pending = pending
    this.line = pending.asLine
    this.#redactor = redactor
  }

  /** True where it can be written, from its line or as a record. */
  get isReadable(): boolean {
    return this.line !== undefined || this.record() !== undefined
  }

  get resource(): Resource {
    return (this.line ?? (this.#record as ReadableLogRecord)).resource
  }

  get instrumentationScope(): Scope {
    return (this.line ?? (this.#record as ReadableLogRecord)).instrumentationScope
  }

  record(): ReadableLogRecord | undefined {
    if (this.#isAsked) return this.#record
    this.#isAsked = true
    this.line = undefined
    try {
      const record = this.pending.toRecord()
      this.#record = this.#redactor === undefined ? record : this.#redactor.record(record)
    } catch {
      diagnostics.count('log_records_unreadable')
    }
    return this.#record
  }
}
