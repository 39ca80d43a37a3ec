import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { AttributeWriter } from './attribute-writer.ts'
import { writeEnvelope } from './envelope.ts'
import { writeLogRecord } from './log-writer.ts'
import { ProtoWriter } from './proto-writer.ts'
import { writeSpan } from './span-writer.ts'
import type { View } from '../../backends/view.ts'

/** An OTLP export request in protobuf. */
export interface Encoded {
  readonly bytes: Buffer
  /** Items in it; those whose values cannot be read are left out. */
  readonly count: number
}

/** One buffer for all encoders: a message is copied out of it before another one begins. */
const writer = new ProtoWriter()

/** Encodes spans and log records as one view has them. */
export class Encoder {
  readonly #view: View
  readonly #spanAttributes: AttributeWriter
  readonly #logAttributes: AttributeWriter

  constructor(view: View) {
    this.#view = view
    this.#spanAttributes = new AttributeWriter(writer, view, 'traces')
    this.#logAttributes = new AttributeWriter(writer, view, 'logs')
  }

  /** An `ExportTraceServiceRequest`. Never throws: a span whose values cannot be read is left out. */
  spans(spans: readonly ReadableSpan[]): Encoded {
    const attributes = this.#spanAttributes
    return encode(attributes, spans, (span) => writeSpan(writer, attributes, this.#view, span))
  }

  /** An `ExportLogsServiceRequest`. Never throws: a record whose values cannot be read is left out. */
  logs(records: readonly ReadableLogRecord[]): Encoded {
    const attributes = this.#logAttributes
    return encode(attributes, records, (record) => writeLogRecord(writer, attributes, this.#view, record))
  }
}

function encode<Item extends ReadableSpan | ReadableLogRecord>(
  attributes: AttributeWriter,
  items: readonly Item[],
  write: (item: Item) => void,
): Encoded {
  let count = 0
  writeEnvelope(writer, attributes, items, (item) => {
    const { position } = writer
    try {
      write(item)
      count += 1
    } catch {
      writer.position = position
    }
  })
  return { bytes: writer.finish(), count }
}
