import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import type { Tenant } from '../../tenant/tenant.ts'
import { AuthenticationError, type AuthenticationErrorCode } from './authentication-error.ts'
import type { Claims } from './claims.ts'
import { reasonOf } from './reason.ts'
import { sayRefusal } from './say.ts'
import type { AuthkitSettings } from './settings.ts'
import { tenantOf } from './tenant-of.ts'

/** What a verified token says. */
export interface Authenticated {
  readonly tenant: Tenant
  readonly claims: Claims
}

// One fetch serves every request that waits for it: it belongs in no tenant's trace, and takes nothing of one along.
const untraced = suppressTracing(ROOT_CONTEXT)

export function createVerifier(settings: AuthkitSettings): (token: string) => Promise<Authenticated> {
  const keys = createRemoteJWKSet(settings.jwksUrl, {
    cooldownDuration: settings.jwksCooldownMs,
    cacheMaxAge: settings.jwksCacheMaxAgeMs,
    timeoutDuration: settings.jwksTimeoutMs,
    [customFetch]: (url, options) => context.with(untraced, () => fetch(url, options as RequestInit)),
  })
  const options = {
    algorithms: settings.algorithms,
    issuer: settings.issuers,
    clockTolerance: settings.clockToleranceMs / 1_000,
    requiredClaims: ['exp'],
    ...(settings.audience !== undefined && { audience: settings.audience }),
  }
  const refused = (code: AuthenticationErrorCode, error?: unknown): AuthenticationError => {
    sayRefusal(code, settings.jwksUrl, error)
    return new AuthenticationError(code, settings.resourceMetadataUrl)
  }

  return async (token) => {
    if (typeof token !== 'string' || token === '') throw refused('token_missing')
    if (token.length > settings.maxTokenBytes) throw refused('token_malformed')
    const { payload: claims } = await jwtVerify(token, keys, options).catch((error: unknown) => {
      throw refused(reasonOf(error), error)
    })
    if (settings.audience === undefined && !isForClient(claims, settings.clientId))
      throw refused('audience_not_allowed')
    const tenant = tenantOf(claims, settings.claims)
    if (typeof tenant === 'string') throw refused(tenant)
    return { tenant, claims }
  }
}

function isForClient({ aud }: Claims, clientId: string | undefined): boolean {
  return aud === undefined || (clientId !== undefined && [aud].flat().includes(clientId))
}
