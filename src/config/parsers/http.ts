import { ValueError } from '../option.ts'
import { hostPattern } from './host-pattern.ts'
import { resourceAttributes } from './resource-attributes.ts'
import { text } from './text.ts'

/** A path of a request, `/health`, or all that begin alike, `/internal/*`. */
export function urlPath(raw: unknown): string {
  const given = text(raw)
  if (!given.startsWith('/')) throw new ValueError('is not a path', 'Begin it with a slash.')
  if (/[?#]/.test(given)) throw new ValueError('has a query or a fragment', 'Write the path alone.')
  if (given.indexOf('*') !== given.length - 1 && given.includes('*'))
    throw new ValueError('has a * before its end', 'Put one * at the end: /internal/*.')
  return given
}

/** Names of services by the host, or `host:port`, they are at: `host=name` pairs, or an object in a file or in code. */
export function peerServices(raw: unknown): Readonly<Record<string, string>> {
  const named = Object.entries(resourceAttributes(raw))
  return Object.fromEntries(named.map(([address, name]) => [addressPattern(address), text(name)]))
}

/** A host pattern, or a host with its port. */
function addressPattern(raw: string): string {
  const [, host, port] = /^([^:]+):(\d{1,5})$/.exec(raw) ?? []
  return host === undefined ? hostPattern(raw) : `${hostPattern(host)}:${port}`
}
