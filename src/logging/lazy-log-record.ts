import type { Attributes, SpanContext } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { PendingLogRecord } from '../pipeline/pending-log-record.ts'
import { isUnredacted } from './settings.ts'
import { severityOf } from './severity.ts'
import { type CapturedLine, type LogEnvironment, toLogRecord } from './to-log-record.ts'

/** Rough size in memory of what is kept beside the line. */
const bytesBesideLine = 200

/** A captured log call. It is parsed only when a batch is read, off the path of the request that wrote it. */
export class LazyLogRecord implements PendingLogRecord, CapturedLine {
  readonly line: string
  readonly level: number
  readonly time: unknown
  readonly capturedAtMs: number
  readonly logger: object
  readonly spanContext: SpanContext | undefined
  readonly attributes: Readonly<Attributes>
  readonly #environment: LogEnvironment

  constructor(
    line: string,
    level: number,
    time: unknown,
    capturedAtMs: number,
    logger: object,
    spanContext: SpanContext | undefined,
    attributes: Readonly<Attributes>,
    environment: LogEnvironment,
  ) {
    this.line = line
    this.level = level
    this.time = time
    this.capturedAtMs = capturedAtMs
    this.logger = logger
    this.spanContext = spanContext
    this.attributes = attributes
    this.#environment = environment
  }

  get severityNumber(): number | undefined {
    return severityOf(this.level)
  }

  get traceId(): string | undefined {
    return this.spanContext?.traceId
  }

  get estimatedBytes(): number {
    return this.line.length + bytesBesideLine
  }

  toRecord(): ReadableLogRecord {
    const line = isUnredacted(this.logger) ? this.line : this.#environment.redact(this.line)
    return toLogRecord(this, line, this.#environment)
  }
}
