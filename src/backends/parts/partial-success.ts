/** What a 2xx answer said of items it did not take. */
export interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

/**
 * Reads the partial success out of an export response, in protobuf or in JSON; undefined where there is none.
 *
 * A body that is neither is none: the status said that everything was taken.
 */
export function readPartialSuccess(body: Buffer, contentType: string | undefined): PartialSuccess | undefined {
  const found = /json/i.test(contentType ?? '') ? fromJson(body) : fromProtobuf(body)
  return found === undefined || (found.rejected === 0 && found.message === '') ? undefined : found
}

function fromJson(body: Buffer): PartialSuccess | undefined {
  try {
    const { partialSuccess } = JSON.parse(body.toString('utf8')) as { readonly partialSuccess?: unknown }
    if (typeof partialSuccess !== 'object' || partialSuccess === null) return undefined
    const { rejectedSpans, rejectedLogRecords, errorMessage } = partialSuccess as Readonly<Record<string, unknown>>
    const rejected = Number(rejectedSpans ?? rejectedLogRecords ?? 0)
    return { rejected: rejected >= 0 ? rejected : 0, message: typeof errorMessage === 'string' ? errorMessage : '' }
  } catch {
    return undefined
  }
}

/** `Export…ServiceResponse { partial_success = 1 }`, of any signal: `{ rejected_… = 1, error_message = 2 }`. */
function fromProtobuf(body: Buffer): PartialSuccess | undefined {
  const inner = fieldsOf(body)?.find(({ number }) => number === 1)?.bytes
  const fields = inner && fieldsOf(inner)
  if (fields === undefined) return undefined
  return {
    rejected: fields.findLast(({ number }) => number === 1)?.value ?? 0,
    message: fields.findLast(({ number }) => number === 2)?.bytes?.toString('utf8') ?? '',
  }
}

interface Field {
  readonly number: number
  readonly value: number | undefined
  readonly bytes: Buffer | undefined
}

/** The fields of a message that has varints and bytes alone; undefined where it has others, or is no message. */
function fieldsOf(message: Buffer): Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; at < message.length && factor < 2 ** 64; factor *= 128) {
      const byte = message[at++] as number
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    return NaN
  }
  while (at < message.length) {
    const tag = varint()
    const value = varint()
    if (Number.isNaN(tag) || Number.isNaN(value)) return undefined
    const [number, type] = [Math.floor(tag / 8), tag % 8]
    if (type === 0) {
      fields.push({ number, value, bytes: undefined })
    } else if (type === 2 && at + value <= message.length) {
      fields.push({ number, value: undefined, bytes: message.subarray(at, (at += value)) })
    } else return undefined
  }
  return fields
}
