import { fieldsOf } from '../../transport/protobuf-fields.ts'

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
  const found = isJson(body, contentType) ? fromJson(body) : fromProtobuf(body)
  return found === undefined || (found.rejected === 0 && found.message === '') ? undefined : found
}

/** No export response in protobuf begins with a brace. */
function isJson(body: Buffer, contentType: string | undefined): boolean {
  return /json/i.test(contentType ?? '') || body[0] === 0x7b
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
  const inner = fieldsOf(body)?.find(({ number, value }) => number === 1 && value === undefined)
  const fields = inner && fieldsOf(body, inner.content, inner.end)
  if (fields === undefined) return undefined
  const text = fields.findLast(({ number }) => number === 2)
  return {
    rejected: fields.findLast(({ number }) => number === 1)?.value ?? 0,
    message: text === undefined ? '' : body.toString('utf8', text.content, text.end),
  }
}
