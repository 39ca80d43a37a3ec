import type { HrTime, SpanContext } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { writeField } from './any-value.ts'
import type { AttributeWriter } from './attribute-writer.ts'
import { writeCount, writeOptionalText } from './envelope.ts'
import { fitLog } from './log-limits.ts'
import type { ProtoWriter } from './proto-writer.ts'
import type { View } from '../../backends/view.ts'

export const bodyTag = 0x2a
export const attributeTag = 0x32

/** What a record says beside its body, its attributes and its name. */
interface Circumstances {
  readonly hrTime: HrTime
  readonly hrTimeObserved: HrTime
  readonly severityNumber?: number | undefined
  readonly severityText?: string | undefined
  readonly spanContext?: SpanContext | undefined
}

/** Writes a log record as a field of `ScopeLogs`. */
export function writeLogRecord(
  writer: ProtoWriter,
  attributes: AttributeWriter,
  view: View,
  record: ReadableLogRecord,
): void {
  const fitted = view.logLimits === undefined ? record : fitLog(record, view.logLimits)
  const start = beginLogRecord(writer, record)
  if (fitted.body !== undefined) writeField(writer, bodyTag, fitted.body, 0)
  attributes.write(attributeTag, fitted.attributes)
  if (view.logExtras !== undefined) attributes.extras(attributeTag, view.logExtras(record), record.attributes)
  writeCount(writer, 0x38, fitted.droppedAttributesCount)
  writeOptionalText(writer, 0x62, record.eventName)
  if (endLogRecord(writer, record, start)) attributes.forgetPlaces()
}

/** Begins a record; the number returned is for {@link endLogRecord}. */
export function beginLogRecord(writer: ProtoWriter, { hrTime, severityNumber, severityText }: Circumstances): number {
  writer.reserve(12)
  writer.byte(0x12)
  const start = writer.begin(2)
  writer.byte(0x09)
  writer.nanoseconds(hrTime)
  writeCount(writer, 0x10, severityNumber)
  writeOptionalText(writer, 0x1a, severityText)
  return start
}

/** Ends the record that began at `start`; true where it was moved. */
export function endLogRecord(
  writer: ProtoWriter,
  { spanContext, hrTimeObserved }: Circumstances,
  start: number,
): boolean {
  writer.reserve(16)
  if (spanContext !== undefined) {
    if (spanContext.traceFlags !== 0) {
      writer.byte(0x45)
      writer.fixed32(spanContext.traceFlags)
    }
    writer.byte(0x4a)
    writer.hex(spanContext.traceId)
    writer.reserve(1)
    writer.byte(0x52)
    writer.hex(spanContext.spanId)
    writer.reserve(9)
  }
  writer.byte(0x59)
  writer.nanoseconds(hrTimeObserved)
  return writer.end(start, 2)
}
