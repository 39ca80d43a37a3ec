const dottedQuad = /^(?:::ffff:)?127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/
const maxRemembered = 1_000

/** A host name in the one spelling patterns are compared with: lower case, no brackets, no trailing dot. */
function normalised(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}

/** Tells whether a host name or address is this machine's own (RFC 6761 `localhost`, 127.0.0.0/8, `::1`). */
export function isLoopback(host: string): boolean {
  const name = normalised(host)
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || dottedQuad.test(name)
}

function matches(host: string, pattern: string): boolean {
  if (pattern === '*') return true
  if (pattern === 'loopback') return isLoopback(host)
  if (pattern.startsWith('*.')) return host.length > pattern.length - 1 && host.endsWith(pattern.slice(1))
  return host === pattern
}

/**
 * Makes a test for host names out of patterns: a name or address, `*.suffix`, `loopback`, or `*` for any.
 *
 * Answers are remembered for up to 1,000 hosts.
 */
export function hostMatcher(patterns: readonly string[]): (host: string) => boolean {
  const known = patterns.map(normalised)
  const remembered = new Map<string, boolean>()
  return (host) => {
    const before = remembered.get(host)
    if (before !== undefined) return before
    const name = normalised(host)
    const answer = known.some((pattern) => matches(name, pattern))
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(host, answer)
    return answer
  }
}
