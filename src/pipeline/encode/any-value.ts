import { type ProtoWriter, sizeOfUint32 } from './proto-writer.ts'

/** Maps and lists inside each other beyond this are written as if they were empty. */
const maxDepth = 32

const tag = { text: 0x0a, bool: 0x10, int: 0x18, double: 0x21, list: 0x2a, map: 0x32, bytes: 0x3a } as const
const keyTag = 0x0a
const valueTag = 0x12
const itemTag = 0x0a

/** True for what OTLP holds as an integer of 64 bits; every other number is a double. */
function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63
}

/** The bytes of a key as the first field of a `KeyValue`. */
export function encodeKey(writer: ProtoWriter, key: string): Uint8Array {
  const start = writer.position
  writer.reserve(1)
  writer.byte(keyTag)
  writer.text(key)
  const bytes = Uint8Array.prototype.slice.call(writer.bytes, start, writer.position)
  writer.position = start
  return bytes
}

/**
 * Writes a `KeyValue` as a field of the message around it; `key` comes from {@link encodeKey}.
 *
 * A whole number is an integer where 64 bits hold it. Null, undefined and what OTLP has no form for is an empty value.
 */
export function writeKeyValue(writer: ProtoWriter, field: number, key: Uint8Array, value: unknown): void {
  switch (typeof value) {
    case 'string':
      return writeText(writer, field, key, value)
    case 'number':
      if (!isInt64(value)) {
        writeHead(writer, field, key, 9)
        writer.byte(tag.double)
        return writer.double(value)
      }
      if (value >= 0 && value <= 0xff_ff_ff_ff) {
        writeHead(writer, field, key, 1 + sizeOfUint32(value))
        writer.byte(tag.int)
        return writer.uint32(value)
      }
      break
    case 'boolean':
      writeHead(writer, field, key, 2)
      writer.byte(tag.bool)
      return writer.byte(value ? 1 : 0)
    default:
  }
  writer.reserve(1)
  writer.byte(field)
  const start = writer.begin(1)
  writer.raw(key)
  writeField(writer, valueTag, value, 0)
  writer.end(start, 1)
}

/** Everything of a `KeyValue` up to the inside of its value, which is `size` bytes long. */
function writeHead(writer: ProtoWriter, field: number, key: Uint8Array, size: number): void {
  const { length } = key
  writer.reserve(length + size + 16)
  writer.byte(field)
  writer.uint32(length + 1 + sizeOfUint32(size) + size)
  writer.short(key)
  writer.byte(valueTag)
  writer.uint32(size)
}

function writeText(writer: ProtoWriter, field: number, key: Uint8Array, text: string): void {
  const { length } = text
  const start = writer.position
  writer.reserve(length * 3)
  writeHead(writer, field, key, 1 + sizeOfUint32(length) + length)
  writer.byte(tag.text)
  writer.uint32(length)
  writer.reserve(length * 3)
  if (writer.ascii(text)) return
  const size = Buffer.byteLength(text)
  writer.position = start
  writeHead(writer, field, key, 1 + sizeOfUint32(size) + size)
  writer.byte(tag.text)
  writer.text(text)
}

/**
 * Writes a text that is there as bytes, as the value of a `KeyValue`, or without a key as an `AnyValue`.
 *
 * It is a field of the message around it; `key` comes from {@link encodeKey}.
 */
export function writeTextBytes(
  writer: ProtoWriter,
  field: number,
  key: Uint8Array | undefined,
  source: Buffer,
  start: number,
  length: number,
): void {
  const size = 1 + sizeOfUint32(length) + length
  if (key === undefined) {
    writer.reserve(size + 6)
    writer.byte(field)
    writer.uint32(size)
  } else writeHead(writer, field, key, size)
  writer.byte(tag.text)
  writer.uint32(length)
  writer.part(source, start, length)
}

/** Writes an `AnyValue` as a field of the message around it. */
export function writeField(writer: ProtoWriter, field: number, value: unknown, depth: number): void {
  writer.reserve(1)
  writer.byte(field)
  const start = writer.begin(1)
  writeAnyValue(writer, value, depth)
  writer.end(start, 1)
}

function writeAnyValue(writer: ProtoWriter, value: unknown, depth: number): void {
  writer.reserve(11)
  if (typeof value === 'string') {
    writer.byte(tag.text)
    writer.text(value)
  } else if (typeof value === 'number') {
    const isInt = isInt64(value)
    writer.byte(isInt ? tag.int : tag.double)
    if (isInt) writer.int64(value)
    else writer.double(value)
  } else if (typeof value === 'boolean') {
    writer.byte(tag.bool)
    writer.byte(value ? 1 : 0)
  } else if (value instanceof Uint8Array) {
    writer.byte(tag.bytes)
    writer.block(value)
  } else if (typeof value === 'object' && value !== null) {
    writer.byte(Array.isArray(value) ? tag.list : tag.map)
    const start = writer.begin(1)
    if (depth < maxDepth) writeMembers(writer, value, depth + 1)
    writer.end(start, 1)
  }
}

function writeMembers(writer: ProtoWriter, value: object, depth: number): void {
  if (Array.isArray(value)) {
    for (const item of value) writeField(writer, itemTag, item, depth)
    return
  }
  for (const [key, member] of Object.entries(value)) {
    writer.reserve(2)
    writer.byte(itemTag)
    const start = writer.begin(1)
    writer.byte(keyTag)
    writer.text(key)
    writeField(writer, valueTag, member, depth)
    writer.end(start, 1)
  }
}
