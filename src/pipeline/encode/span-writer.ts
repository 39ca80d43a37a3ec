import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace'
import type { Link } from '@opentelemetry/api'
import type { AttributeWriter } from './attribute-writer.ts'
import { writeCount, writeOptionalText } from './envelope.ts'
import type { ProtoWriter } from './proto-writer.ts'
import type { View } from '../../backends/view.ts'

const hasIsRemote = 0x1_00
const isRemoteBit = 0x2_00

/** Writes a span as a field of `ScopeSpans`. */
export function writeSpan(writer: ProtoWriter, attributes: AttributeWriter, view: View, span: ReadableSpan): void {
  const { traceId, spanId, traceState, traceFlags } = span.spanContext()
  const { parentSpanContext: parent, status, events, links } = span
  writer.reserve(60)
  writer.byte(0x12)
  const start = writer.begin(2)
  writer.byte(0x0a)
  writer.hex(traceId)
  writer.byte(0x12)
  writer.hex(spanId)
  if (traceState !== undefined) writeOptionalText(writer, 0x1a, traceState.serialize())
  if (parent !== undefined && parent.spanId !== '') {
    writer.reserve(1)
    writer.byte(0x22)
    writer.hex(parent.spanId)
  }
  writer.reserve(1)
  writer.byte(0x2a)
  writer.text(span.name)
  writer.reserve(24)
  writer.byte(0x30)
  writer.byte(span.kind + 1)
  writer.byte(0x39)
  writer.nanoseconds(span.startTime)
  writer.byte(0x41)
  writer.nanoseconds(span.endTime)
  attributes.write(0x4a, span.attributes)
  if (view.spanExtras !== undefined) attributes.extras(0x4a, view.spanExtras(span), span.attributes)
  writeCount(writer, 0x50, span.droppedAttributesCount)
  for (const event of events) writeEvent(writer, attributes, event)
  writeCount(writer, 0x60, span.droppedEventsCount)
  for (const link of links) writeLink(writer, attributes, link)
  writeCount(writer, 0x70, span.droppedLinksCount)
  writeStatus(writer, status)
  writer.reserve(6)
  writer.byte(0x85)
  writer.byte(0x01)
  writer.fixed32(flagsOf(traceFlags, parent?.isRemote))
  if (writer.end(start, 2)) attributes.forgetPlaces()
}

function writeEvent(writer: ProtoWriter, attributes: AttributeWriter, event: TimedEvent): void {
  writer.reserve(12)
  writer.byte(0x5a)
  const start = writer.begin(2)
  writer.byte(0x09)
  writer.nanoseconds(event.time)
  writeOptionalText(writer, 0x12, event.name)
  if (event.attributes !== undefined) attributes.write(0x1a, event.attributes)
  writeCount(writer, 0x20, event.droppedAttributesCount)
  writer.end(start, 2)
}

function writeLink(
  writer: ProtoWriter,
  attributes: AttributeWriter,
  link: Link & { readonly droppedAttributesCount?: number },
): void {
  const { traceId, spanId, traceState, traceFlags, isRemote } = link.context
  writer.reserve(40)
  writer.byte(0x6a)
  const start = writer.begin(1)
  writer.byte(0x0a)
  writer.hex(traceId)
  writer.byte(0x12)
  writer.hex(spanId)
  if (traceState !== undefined) writeOptionalText(writer, 0x1a, traceState.serialize())
  if (link.attributes !== undefined) attributes.write(0x22, link.attributes)
  writeCount(writer, 0x28, link.droppedAttributesCount)
  writer.reserve(5)
  writer.byte(0x35)
  writer.fixed32(flagsOf(traceFlags, isRemote))
  writer.end(start, 1)
}

/** Written also where nothing is known: a status that is unset is not the same as none for every receiver. */
function writeStatus(writer: ProtoWriter, { code, message }: ReadableSpan['status']): void {
  writer.reserve(4)
  writer.byte(0x7a)
  const start = writer.begin(1)
  writeOptionalText(writer, 0x12, message)
  writeCount(writer, 0x18, code)
  writer.end(start, 1)
}

/** The flags of the context, and whether the parent (or what is linked) is in another process. */
function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | hasIsRemote | (isRemote === true ? isRemoteBit : 0)
}
