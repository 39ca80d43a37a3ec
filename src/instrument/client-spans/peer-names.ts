import type { Attributes } from '@opentelemetry/api'
import { hostMatcher } from '../../tenant/hosts.ts'

/** The name of the service at the address of a span, where one is known. */
export type PeerNames = (attributes: Attributes) => string | undefined

const maxRemembered = 1_000

/**
 * Makes {@link PeerNames} of names by host, `host:port` or `*.suffix`; the more exact one wins.
 *
 * Remembers up to 1,000 addresses.
 */
export function createPeerNames(services: Readonly<Record<string, string>>): PeerNames {
  const exact = new Map(Object.entries(services))
  if (exact.size === 0) return () => undefined
  const patterns = [...exact]
    .sort(([one], [other]) => other.length - one.length)
    .map(([pattern, name]) => ({ matches: hostMatcher([pattern]), name }))
  const remembered = new Map<string, string | undefined>()
  return ({ 'server.address': address, 'server.port': port }) => {
    if (typeof address !== 'string') return undefined
    const key = `${address}:${String(port)}`
    if (remembered.has(key)) return remembered.get(key)
    if (remembered.size >= maxRemembered) remembered.clear()
    const name = exact.get(key.toLowerCase()) ?? patterns.find(({ matches }) => matches(address))?.name
    remembered.set(key, name)
    return name
  }
}
