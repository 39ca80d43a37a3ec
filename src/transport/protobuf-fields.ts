/** A field of a protobuf message: where it begins, where its content begins, and where it ends. */
export interface Field {
  readonly number: number
  readonly start: number
  readonly content: number
  readonly end: number
  /** Of a varint. */
  readonly value: number | undefined
}

const fixedSizes: Readonly<Record<number, number>> = { 1: 8, 5: 4 }

/**
 * The fields of the message between two places; undefined where there is no message.
 *
 * https://protobuf.dev/programming-guides/encoding/
 */
export function fieldsOf(bytes: Uint8Array, from: number = 0, to: number = bytes.length): Field[] | undefined {
  const fields: Field[] = []
  let at = from
  const varint = (): number => {
    let value = 0
    for (let factor = 1; at < to && factor < 2 ** 64; factor *= 128) {
      const byte = bytes[at++] as number
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    return Number.NaN
  }
  while (at < to) {
    const start = at
    const tag = varint()
    const type = tag % 8
    const value = type === 0 ? varint() : undefined
    const length = type === 0 ? 0 : type === 2 ? varint() : (fixedSizes[type] ?? Number.NaN)
    const field = { number: Math.floor(tag / 8), start, content: at, end: at + length, value }
    if (Number.isNaN(field.end) || Number.isNaN(value ?? 0) || field.end > to || field.number === 0) return undefined
    fields.push(field)
    at = field.end
  }
  return fields
}
