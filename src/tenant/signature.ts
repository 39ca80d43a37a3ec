import { createHmac, timingSafeEqual } from 'node:crypto'

/** Why signed baggage is not believed. */
export type SignatureFault = 'unsigned' | 'malformed' | 'altered' | 'expired' | 'replayed'

/** Attributes by key, as they travel. */
export type Members = readonly (readonly [key: string, value: string])[]

/** What signing and checking need. */
export interface TenantSignerOptions {
  /** The first signs; all are accepted, so that a key can be changed while services still use the one before. */
  readonly keys: readonly string[]
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** The baggage member that holds the signature. */
export const signatureKey = 'tenant.signature'

const version = '1'
const field = '/'

/**
 * Signs the tenant that travels as baggage, and tells whether one that arrives can be believed.
 *
 * HMAC-SHA-256 (RFC 2104) over the members, the trace id and the time until which they are good: nobody without the key
 * can make a tenant up, change one, or take one from the trace of another request. Members that were not signed are
 * not believed either. The signature is text that W3C Baggage lets stand unencoded:
 * `version/expiry/trace id/signed keys/mac`.
 */
export class TenantSigner {
  readonly #keys: readonly string[]
  readonly #now: () => number

  constructor({ keys, now = Date.now }: TenantSignerOptions) {
    this.#keys = keys
    this.#now = now
  }

  sign(members: Members, traceId: string, ttlMs: number): string {
    const expiry = Math.ceil((this.#now() + ttlMs) / 1_000).toString(36)
    const names = members.map(([key]) => key).join(':')
    return [version, expiry, traceId, names, mac(this.#keys[0] ?? '', expiry, traceId, members)].join(field)
  }

  /** The members that are vouched for, or why none is. `read` gives the value of a key as it arrived. */
  verify(
    signature: string | undefined,
    traceId: string | undefined,
    read: (key: string) => string | undefined,
  ): Members | SignatureFault {
    if (signature === undefined) return 'unsigned'
    const [given, expiry = '', signedTrace = '', names = '', signed = '', ...rest] = signature.split(field)
    if (given !== version || rest.length > 0 || !/^[0-9a-z]{1,10}$/.test(expiry) || signed === '') return 'malformed'
    const members = names.split(':').map((key) => [key, read(key)] as const)
    if (!members.every((each): each is [string, string] => each[1] !== undefined)) return 'altered'
    if (!this.#keys.some((key) => isEqual(signed, mac(key, expiry, signedTrace, members)))) return 'altered'
    if (signedTrace !== traceId) return 'replayed'
    return Number.parseInt(expiry, 36) * 1_000 < this.#now() ? 'expired' : members
  }
}

function mac(key: string, expiry: string, traceId: string, members: Members): string {
  const signed = JSON.stringify([version, expiry, traceId, members])
  return createHmac('sha256', key).update(signed).digest('base64url')
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
