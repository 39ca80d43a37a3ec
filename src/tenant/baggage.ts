import type { Attributes, BaggageEntry } from '@opentelemetry/api'
import { diagnostics } from '../diagnostics.ts'
import { type Members, type SignatureFault, signatureKey } from './signature.ts'
import { isIdentity, textFault } from './values.ts'

// W3C Baggage, "Limits": what every platform must carry; beyond it whole members may be dropped.
const maxMembers = 64
const maxHeaderBytes = 8_192

/** RFC 9110 token, the form of a baggage key. */
export const token: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Room that the signature of the members may take: its fields and the names of the keys. */
const maxSignatureBytes = 1_024

/**
 * Writes attributes and entries as one `baggage` header; an entry of an attribute's name is left to the attribute.
 *
 * `sign` is given the attributes that are sent and makes the member that vouches for them.
 */
export function formatBaggage(
  attributes: Readonly<Attributes>,
  keys: ReadonlySet<string>,
  entries: readonly [string, BaggageEntry][],
  sign?: (members: Members) => string,
): string {
  const members: string[] = []
  const sent: [string, string][] = []
  const limit = sign === undefined ? maxMembers : maxMembers - 1
  let bytes = sign === undefined ? 0 : maxSignatureBytes
  const add = (key: string, value: string, metadata = ''): boolean => {
    const member = `${key}=${encodeURIComponent(value)}${metadata}`
    if (members.length >= limit || bytes + member.length + 1 > maxHeaderBytes) {
      diagnostics.count('baggage_members_not_sent')
      return false
    }
    bytes += member.length + 1
    members.push(member)
    return true
  }
  for (const key of keys) {
    const value = attributes[key]
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue
    if (add(key, String(value))) sent.push([key, String(value)])
  }
  if (sign !== undefined && sent.length > 0) members.push(`${signatureKey}=${sign(sent)}`)
  for (const [key, entry] of entries) {
    // Who the work is for is known here; what came in of somebody since replaced, or not believed, must not go on.
    if (key === signatureKey || (keys.has(key) && (attributes[key] !== undefined || isIdentity(key)))) continue
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
 * Reads the members of a `baggage` header that are asked for, undecoded values and repeated keys left out.
 *
 * Everything else is left unread. A header over 8,192 bytes is read up to there. Of a key that comes with two values
 * none is read: which of them was meant is anybody's guess, and a forger's chance.
 */
function readMembers(header: string, isWanted: (key: string) => boolean): Map<string, string> {
  const found = new Map<string, string>()
  const repeated = new Set<string>()
  const bounded = header.length > maxHeaderBytes ? header.slice(0, header.lastIndexOf(',', maxHeaderBytes)) : header
  for (const member of bounded.split(',', maxMembers)) {
    const [pair = ''] = member.split(';', 1)
    const separator = pair.indexOf('=')
    if (separator < 1) continue
    const key = pair.slice(0, separator).trim()
    if (!isWanted(key)) continue
    const value = decoded(pair.slice(separator + 1).trim())
    if (found.has(key) && found.get(key) !== value) repeated.add(key)
    if (value === undefined) diagnostics.count('baggage_members_rejected')
    else found.set(key, value)
  }
  for (const key of repeated) {
    found.delete(key)
    diagnostics.count('baggage_members_rejected')
  }
  return found
}

/**
 * Reads the members of a `baggage` header that are asked for.
 *
 * A member that does not decode, or whose value is no clean attribute value, is left out and counted
 * (`baggage_members_rejected`). With `verify` only members that it vouches for are taken.
 */
export function parseBaggage(
  header: string,
  keys: ReadonlySet<string>,
  verify?: (signature: string | undefined, read: (key: string) => string | undefined) => Members | SignatureFault,
): Record<string, string> | SignatureFault {
  const read = readMembers(header, (key) => keys.has(key) || verify !== undefined)
  if (verify !== undefined && ![...read.keys()].some((key) => keys.has(key))) return {}
  const members = verify === undefined ? [...read] : verify(read.get(signatureKey), (key) => read.get(key))
  if (typeof members === 'string') return members
  const found: Record<string, string> = {}
  for (const [key, value] of members) {
    if (!keys.has(key)) continue
    if (textFault(value) === undefined) found[key] = value
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
