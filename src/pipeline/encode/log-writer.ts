import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { writeField } from './any-value.ts'
import type { AttributeWriter } from './attribute-writer.ts'
import { writeCount, writeOptionalText } from './envelope.ts'
import { fitLog } from './log-limits.ts'
import type { ProtoWriter } from './proto-writer.ts'
import type { View } from '../../backends/view.ts'

/** Writes a log record as a field of `ScopeLogs`. */
export function writeLogRecord(
  writer: ProtoWriter,
  attributes: AttributeWriter,
  view: View,
  record: ReadableLogRecord,
): void {
  const { spanContext } = record
  const fitted = view.logLimits === undefined ? record : fitLog(record, view.logLimits)
  writer.reserve(12)
  writer.byte(0x12)
  const start = writer.begin(2)
  writer.byte(0x09)
  writer.nanoseconds(record.hrTime)
  writeCount(writer, 0x10, record.severityNumber)
  writeOptionalText(writer, 0x1a, record.severityText)
  if (fitted.body !== undefined) writeField(writer, 0x2a, fitted.body, 0)
  attributes.write(0x32, fitted.attributes)
  if (view.logExtras !== undefined) attributes.extras(0x32, view.logExtras(record), record.attributes)
  writeCount(writer, 0x38, fitted.droppedAttributesCount)
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
  writer.nanoseconds(record.hrTimeObserved)
  writeOptionalText(writer, 0x62, record.eventName)
  writer.end(start, 2)
}
