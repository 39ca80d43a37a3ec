import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { Located } from './encode/envelope.ts'

/** What a field of a log line is as an attribute. */
export interface FieldName {
  /** Name of the attribute. */
  readonly attribute: string
  /** False where a field of that name is not always an attribute, so that its value has to be looked at. */
  readonly isPlain: boolean
}

/** What lines have in common that are written by loggers of one kind. */
export interface LineKind {
  /** The field that is the body of the record. */
  readonly bodyField: string
  /** Most attributes, and most characters of a text in them. */
  readonly limits: { readonly attributeCountLimit: number; readonly attributeValueLengthLimit: number }
  nameOf(field: string): FieldName
  /** True where something in a JSON object is to be censored by its name. */
  holdsSecret(json: string): boolean
}

/** A log record that is still a line of JSON, and can be written from it. */
export interface LogLine extends Located {
  readonly hrTime: HrTime
  readonly hrTimeObserved: HrTime
  readonly severityNumber: number | undefined
  readonly severityText: string | undefined
  readonly spanContext: SpanContext | undefined
  readonly kind: LineKind
  /** One object; what is to be censored in it is not yet. */
  readonly json: string
  /** Parts with which it may begin, one after the other, that only repeat what is said here already. */
  readonly repeated: readonly string[]
  /** The field that says the time. */
  readonly timeField: string | undefined
  /** Attributes of the tenant and the work, which the line need not repeat. */
  readonly attributes: Readonly<Attributes>
  /**
   * True for a field that only repeats what is said here already; where it does not, the line has to be read as a whole.
   *
   * Asked for fields that are not plain, that of the time, and those named like an attribute of the work.
   */
  repeats(field: string, value: unknown): boolean
  /** A value of the line; texts in it are cut to so many characters. Throws where it is no JSON. */
  parse(json: string, maxLength: number): unknown
}

/** A log record that is written from its line where that is possible. */
export interface LogItem extends Located {
  /** Undefined where there is none, or the record is made already. */
  readonly line: LogLine | undefined
  /** Undefined where it cannot be made. */
  record(): ReadableLogRecord | undefined
}
