import type { Attributes, BaggageEntry } from '@opentelemetry/api'
import { diagnostics } from '../diagnostics.ts'
import { textFault } from './values.ts'

// W3C Baggage, "Limits": what every platform must carry; beyond it whole members may be dropped.
const maxMembers = 64
const maxHeaderBytes = 8_192

/** RFC 9110 token, the form of a baggage key. */
export const token: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Writes attributes and entries as one `baggage` header; an entry of an attribute's name is left to the attribute. */
export function formatBaggage(
  attributes: Readonly<Attributes>,
  keys: ReadonlySet<string>,
  entries: readonly [string, BaggageEntry][],
): string {
  const members: string[] = []
  let bytes = 0
  const add = (key: string, value: string, metadata = ''): void => {
    const member = `${key}=${encodeURIComponent(value)}${metadata}`
    if (members.length >= maxMembers || bytes + member.length + 1 > maxHeaderBytes) {
      diagnostics.count('baggage_members_not_sent')
      return
    }
    bytes += member.length + 1
    members.push(member)
  }
  for (const key of keys) {
    const value = attributes[key]
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') add(key, String(value))
  }
  for (const [key, entry] of entries) {
    // What is known of the tenant here is the truth; what came in about a tenant since replaced must not go on.
    if (keys.has(key) && (attributes[key] !== undefined || key.startsWith('tenant.'))) continue
    if (token.test(key) && typeof entry.value === 'string' && entry.value.isWellFormed())
      add(key, entry.value, metadataOf(entry))
    else diagnostics.count('baggage_members_not_sent')
  }
  return members.join(',')
}

function metadataOf(entry: BaggageEntry): string {
  const metadata = entry.metadata?.toString() ?? ''
  return /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e ]+$/.test(metadata) ? `;${metadata}` : ''
}

/**
 * Reads the members of a `baggage` header that are asked for.
 *
 * Everything else is left unread. A member that does not decode, or whose value is no clean attribute value, is left
 * out and counted (`baggage_members_rejected`); a header over 8,192 bytes is read up to there.
 */
export function parseBaggage(header: string, keys: ReadonlySet<string>): Record<string, string> {
  const found: Record<string, string> = {}
  const bounded = header.length > maxHeaderBytes ? header.slice(0, header.lastIndexOf(',', maxHeaderBytes)) : header
  for (const member of bounded.split(',', maxMembers)) {
    const [pair = ''] = member.split(';', 1)
    const separator = pair.indexOf('=')
    if (separator < 1) continue
    const key = pair.slice(0, separator).trim()
    if (!keys.has(key)) continue
    const value = decoded(pair.slice(separator + 1).trim())
    if (value !== undefined && textFault(value) === undefined) found[key] = value
    else diagnostics.count('baggage_members_rejected')
  }
  return found
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
