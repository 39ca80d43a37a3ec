import { hostname } from 'node:os'
import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { LineKind, LogLine } from '../pipeline/log-line.ts'
import type { PendingLogRecord } from '../pipeline/pending-log-record.ts'
import { bounded } from './attribute-sink.ts'
import { validContext } from './line-fields.ts'
import type { LoggerOfLines } from './loggers.ts'
import { isSaidElsewhere } from './said-elsewhere.ts'
import { isUnredacted } from './settings.ts'
import { severityOf } from './severity.ts'
import { hrTimeOf, readTime, type TimeField } from './timestamp.ts'
import { type CapturedLine, type LogEnvironment, toLogRecord } from './to-log-record.ts'
import type { LevelTraits } from './traits.ts'

/** Rough size in memory of what is kept beside the line. */
const bytesBesideLine = 200

/** What pino writes behind the time, unless it is told not to. */
const ofProcess = `,"pid":${process.pid},"hostname":${JSON.stringify(hostname())}`

const none: readonly string[] = []

/** A captured log call. It is read only when a batch is, off the path of the request that wrote it. */
export class LazyLogRecord implements PendingLogRecord, CapturedLine, LogLine {
  readonly line: string
  readonly level: number
  readonly time: unknown
  readonly capturedAtMs: number
  readonly logger: object
  readonly attributes: Readonly<Attributes>
  readonly spanContext: SpanContext | undefined
  readonly #environment: LogEnvironment
  #time: TimeField | undefined
  #from: LoggerOfLines | undefined

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
    this.spanContext = validContext(spanContext)
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

  get asLine(): LogLine | undefined {
    const { isReadAsWritten, messageKey } = this.#logger.traits
    return isReadAsWritten && this.timeField !== messageKey ? this : undefined
  }

  get json(): string {
    return this.line
  }

  get kind(): LineKind {
    return this.#logger.kind
  }

  get repeated(): readonly string[] {
    const { start } = this.#level
    const time = this.#writtenTime
    return start === undefined || time?.isAlone !== true ? none : [start, this.time as string, ofProcess]
  }

  get resource(): Resource {
    return this.#environment.resource
  }

  get instrumentationScope(): ReadableLogRecord['instrumentationScope'] {
    return this.#logger.scope
  }

  get hrTime(): HrTime {
    return this.#writtenTime?.hrTime ?? this.hrTimeObserved
  }

  get hrTimeObserved(): HrTime {
    return hrTimeOf(this.capturedAtMs)
  }

  get timeField(): string | undefined {
    return this.#writtenTime?.key
  }

  get severityText(): string | undefined {
    return this.#level.label
  }

  repeats(field: string, value: unknown): boolean {
    const { attributes, spanContext } = this
    const { names } = this.#logger.traits
    const elsewhere = { attributes, spanContext, time: this.#writtenTime, level: this.#level }
    return isSaidElsewhere(field, value, names.of(field).isPlain, elsewhere)
  }

  parse(json: string, maxLength: number): unknown {
    return bounded(JSON.parse(json), maxLength)
  }

  get #writtenTime(): TimeField | undefined {
    this.#time ??= readTime(this.time)
    return this.#time
  }

  get #logger(): LoggerOfLines {
    this.#from ??= this.#environment.loggers.of(this.logger)
    return this.#from
  }

  get #level(): LevelTraits {
    return this.#logger.traits.levelOf(this.level)
  }
}
