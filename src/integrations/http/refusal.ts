import { validateHeaderName, validateHeaderValue } from 'node:http'

/** Headers of an answer to one who is not let in, or not now. */
const answering = new Set(['www-authenticate', 'proxy-authenticate', 'retry-after', 'cache-control'])

/** How a request is answered whose caller is not let in. */
export interface Refusal {
  readonly statusCode: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What an error says of its own answer: a status of 400 to 599, and a code. Undefined where it says nothing.
 *
 * Of its headers those that tell the caller what to do; the error of a client of another service has that one's too.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  const statusCode = ownStatusOf(error)
  if (statusCode === undefined) return undefined
  const { code, headers } = error as Readonly<Record<string, unknown>>
  if (typeof code !== 'string') return undefined
  const own = typeof headers === 'object' && headers !== null ? Object.entries(headers) : []
  return { statusCode, code, headers: Object.fromEntries(own.filter(isSendable)) }
}

/** The status that an error asks for; 500 where it asks for none. */
export function statusOf(error: unknown): number {
  return ownStatusOf(error) ?? 500
}

function ownStatusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { statusCode, status } = error as Readonly<Record<string, unknown>>
  const answer = typeof statusCode === 'number' ? statusCode : status
  return Number.isInteger(answer) && (answer as number) >= 400 && (answer as number) <= 599
    ? (answer as number)
    : undefined
}

function isSendable(header: [string, unknown]): header is [string, string] {
  const [name, value] = header
  if (typeof value !== 'string' || !answering.has(name.toLowerCase())) return false
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}
