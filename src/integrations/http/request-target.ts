/** What is known of a request when it arrives. */
export interface Arrived {
  readonly method: string
  /** The path as it was asked for, without the query. */
  readonly path: string
  readonly requestId: unknown
}

/** The path of a request target (RFC 9112, section 3.2), as it was sent: without query, and without scheme and host. */
export function pathOf(target: string): string {
  let start = 0
  if (target[0] !== '/') {
    const authority = target.indexOf('://')
    if (authority >= 0) start = indexOfAny(target, authority + 3, '/?#')
  }
  return target.slice(start, indexOfAny(target, start, '?#')) || '/'
}

function indexOfAny(text: string, from: number, characters: string): number {
  for (let index = from; index < text.length; index += 1) if (characters.includes(text[index] as string)) return index
  return text.length
}
