import { ValueError } from '../option.ts'
import { listOf, text } from './text.ts'

const label = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?'
const syntax = new RegExp(`^(?:\\*|(?:\\*\\.)?${label}(?:\\.${label})*\\.?|\\[?[0-9a-f]*:[0-9a-f:.]+\\]?)$`)

/** A host name or address, `*.suffix`, or `*`. */
export function hostPattern(raw: unknown): string {
  const given = text(raw).toLowerCase()
  if (syntax.test(given)) return given
  if (given.includes('//')) throw new ValueError('is a URL', 'Name the host alone, without scheme, port and path.')
  if (/^[^:]+:\d+$/.test(given)) throw new ValueError('has a port', 'Name the host alone; every port of it is meant.')
  throw new ValueError('is no host pattern', 'Write a host, *.suffix, loopback, * or none.')
}

/** Host patterns separated by commas; `none` alone is an empty list. */
export function hostPatterns(raw: unknown): readonly string[] {
  const patterns = listOf(hostPattern)(raw)
  if (!patterns.includes('none')) return patterns
  if (patterns.length === 1) return []
  throw new ValueError('names hosts beside "none"', 'Write "none" alone, or leave it out.')
}
