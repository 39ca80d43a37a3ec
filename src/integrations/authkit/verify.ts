import { context } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import { tenant, type Tenant, type TenantInput } from '../../tenant/tenant.ts'
import { AuthenticationError } from './authentication-error.ts'
import type { Claims } from './claims.ts'
import type { AuthkitSettings, ClaimSource } from './options.ts'
import { reasonOf } from './reason.ts'

/** What a verified token says. */
export interface Authenticated {
  readonly tenant: Tenant
  readonly claims: Claims
}

/** Longest token that is parsed. */
const maxTokenLength = 16_384

export function createVerifier(settings: AuthkitSettings): (token: string) => Promise<Authenticated> {
  const keys = createRemoteJWKSet(settings.jwksUrl, {
    cooldownDuration: settings.jwksCooldownMs,
    cacheMaxAge: settings.jwksCacheMaxAgeMs,
    timeoutDuration: settings.jwksTimeoutMs,
    // One fetch serves every request that waits for it: it belongs in no tenant's trace.
    [customFetch]: (url, options) =>
      context.with(suppressTracing(context.active()), () => fetch(url, options as RequestInit)),
  })
  const options = {
    algorithms: settings.algorithms,
    issuer: settings.issuers,
    clockTolerance: settings.clockToleranceMs / 1_000,
    requiredClaims: ['exp'],
    ...(settings.audience !== undefined && { audience: settings.audience }),
  }
  const refused = (code: AuthenticationError['code']): AuthenticationError =>
    new AuthenticationError(code, settings.resourceMetadataUrl)

  return async (token) => {
    if (typeof token !== 'string' || token === '') throw refused('token_missing')
    if (token.length > maxTokenLength) throw refused('token_malformed')
    const { payload: claims } = await jwtVerify(token, keys, options).catch((error: unknown) => {
      throw refused(reasonOf(error))
    })
    if (settings.audience === undefined && !isForClient(claims, settings.clientId))
      throw refused('audience_not_allowed')
    return { tenant: tenantOf(claims, settings.claims, refused), claims }
  }
}

function isForClient({ aud }: Claims, clientId: string | undefined): boolean {
  return aud === undefined || (clientId !== undefined && [aud].flat().includes(clientId))
}

function tenantOf(
  claims: Claims,
  sources: Readonly<Record<string, ClaimSource>>,
  refused: (code: AuthenticationError['code']) => AuthenticationError,
): Tenant {
  const entries = Object.entries(sources).flatMap(([attribute, source]) => {
    if (source === false) return []
    const value = typeof source === 'function' ? source(claims) : claims[source]
    return value === undefined || value === null ? [] : [[attribute, value] as const]
  })
  const { 'tenant.id': id, ...rest } = Object.fromEntries(entries)
  if (id === undefined || rest['user.id'] === undefined) throw refused('claim_missing')
  try {
    return tenant({ ...rest, id } as TenantInput)
  } catch {
    throw refused('claim_invalid')
  }
}
