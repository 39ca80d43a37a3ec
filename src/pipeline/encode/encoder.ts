import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { AttributeWriter } from './attribute-writer.ts'
import { type Located, writeEnvelope } from './envelope.ts'
import { LineWriter } from './line-writer.ts'
import { writeLogRecord } from './log-writer.ts'
import { ProtoWriter } from './proto-writer.ts'
import { writeSpan } from './span-writer.ts'
import type { View } from '../../backends/view.ts'
import type { LogItem } from '../log-line.ts'
import type { Redactor } from '../redaction/redactor.ts'

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
  readonly #lines: LineWriter

  constructor(view: View) {
    this.#view = view
    this.#spanAttributes = new AttributeWriter(writer, view, 'traces')
    this.#logAttributes = new AttributeWriter(writer, view, 'logs')
    this.#lines = new LineWriter(writer, this.#logAttributes, view)
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

  /** The same for records that are not made where their line is enough. */
  logItems(items: readonly LogItem[], redactor: Redactor | undefined): Encoded {
    const attributes = this.#logAttributes
    return encode(attributes, items, (item) => {
      if (item.line !== undefined && this.#lines.write(item.line, redactor)) return
      writeLogRecord(writer, attributes, this.#view, item.record() as ReadableLogRecord)
    })
  }
}

function encode<Item extends Located>(
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
      attributes.forgetPlaces()
    }
  })
  return { bytes: writer.finish(), count }
}
