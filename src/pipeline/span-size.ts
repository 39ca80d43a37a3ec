import type { ReadableSpan } from '@opentelemetry/sdk-trace'

const bytesPerSpan = 300
const bytesPerEntry = 40

/** Rough size of a span in memory, in bytes; cheap, and right about what matters: long texts and many entries. */
export function estimateSpanBytes({ attributes, events, links }: ReadableSpan): number {
  let bytes = bytesPerSpan + bytesPerEntry * links.length + sizeOf(attributes)
  for (const event of events) bytes += bytesPerEntry + (event.attributes === undefined ? 0 : sizeOf(event.attributes))
  return bytes
}

function sizeOf(attributes: ReadableSpan['attributes']): number {
  let bytes = 0
  for (const key in attributes) {
    const value = attributes[key]
    bytes += bytesPerEntry
    if (typeof value === 'string') bytes += value.length
    else if (Array.isArray(value)) for (const item of value) bytes += typeof item === 'string' ? 8 + item.length : 8
  }
  return bytes
}
