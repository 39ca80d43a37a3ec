/** How a request is answered whose caller is not let in. */
export interface Refusal {
  readonly statusCode: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
}

/** What an error says of its own answer: a status of 400 to 599, and a code. Undefined where it says nothing. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { statusCode, status, code, headers } = error as Readonly<Record<string, unknown>>
  const answer = typeof statusCode === 'number' ? statusCode : status
  if (typeof answer !== 'number' || !(answer >= 400 && answer <= 599) || typeof code !== 'string') return undefined
  const own = typeof headers === 'object' && headers !== null ? Object.entries(headers) : []
  const texts = own.filter((each): each is [string, string] => typeof each[1] === 'string')
  return { statusCode: answer, code, headers: Object.fromEntries(texts) }
}

/** The status that an error asks for; 500 where it asks for none. */
export function statusOf(error: unknown): number {
  const { statusCode, status } = (error ?? {}) as Readonly<Record<string, unknown>>
  const answer = typeof statusCode === 'number' ? statusCode : status
  return typeof answer === 'number' && answer >= 400 && answer <= 599 ? answer : 500
}
