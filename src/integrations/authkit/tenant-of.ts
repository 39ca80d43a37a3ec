import { diagnostics } from '../../diagnostics.ts'
import { tenant, type Tenant, type TenantInput } from '../../tenant/tenant.ts'
import type { Claims } from './claims.ts'
import type { ClaimSource } from './options.ts'

/** The tenant that claims name, or why they name none. */
export function tenantOf(
  claims: Claims,
  sources: Readonly<Record<string, ClaimSource>>,
): Tenant | 'claim_missing' | 'claim_invalid' {
  const input: Record<string, unknown> = {}
  for (const [attribute, source] of Object.entries(sources)) {
    const read = valueOf(claims, attribute, source)
    if (read === unreadable) return 'claim_invalid'
    if (read !== undefined && read !== null) input[attribute] = read
  }
  const { 'tenant.id': id, ...rest } = input
  if (id === undefined || (sources['user.id'] !== false && rest['user.id'] === undefined)) return 'claim_missing'
  try {
    return tenant({ ...rest, id } as TenantInput)
  } catch {
    return 'claim_invalid'
  }
}

const unreadable: unique symbol = Symbol('unreadable')

function valueOf(claims: Claims, attribute: string, source: ClaimSource): unknown {
  if (source === false) return undefined
  if (typeof source === 'string') return Object.hasOwn(claims, source) ? claims[source] : undefined
  try {
    return source(claims)
  } catch {
    // What it threw may show claims, and the caller of a request is not to blame for a crash: neither leaves here.
    diagnostics.count('authkit_claim_errors')
    diagnostics.once(
      'warn',
      `authkit(): the function for \`${attribute}\` in \`claims\` threw; its tokens are refused.`,
    )
    return unreadable
  }
}
