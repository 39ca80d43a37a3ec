import type { Attributes } from '@opentelemetry/api'
import { hostMatcher } from '../../tenant/hosts.ts'

/** The name of the service at the address of a span, where one is known. */
export type PeerNames = (attributes: Attributes) => string | undefined

const maxRemembered = 1_000

/** Makes {@link PeerNames} of names by host, `host:port` or `*.suffix`; the more exact one wins. Remembers 1,000 addresses. */
export function createPeerNames(services: Readonly<Record<string, string>>): PeerNames {
  const patterns = Object.entries(services).map(([pattern, name]) => [hostMatcher([pattern]), name] as const)
  if (patterns.length === 0) return () => undefined
  const remembered = new Map<string, string | undefined>()
  return ({ 'server.address': address, 'server.port': port }) => {
    if (typeof address !== 'string') return undefined
    const key = `${address}:${String(port)}`
    if (remembered.has(key)) return remembered.get(key)
    if (remembered.size >= maxRemembered) remembered.clear()
    const name = services[key] ?? services[address] ?? patterns.find(([matches]) => matches(address))?.[1]
    remembered.set(key, name)
    return name
  }
}
