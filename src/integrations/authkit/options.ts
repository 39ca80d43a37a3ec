import { TelemetryError } from '../../errors.ts'
import { isLoopback } from '../../tenant/hosts.ts'
import type { Claims } from './claims.ts'

/** Where an attribute comes from: the name of a claim, or a function of all claims. `false`: from nowhere. */
export type ClaimSource = string | false | ((claims: Claims) => string | undefined)

export interface AuthkitOptions {
  /** The AuthKit client: its keys are at `https://api.workos.com/sso/jwks/<clientId>`. */
  readonly clientId?: string
  /** Where the keys are instead: a custom domain, AuthKit as an OAuth server (`https://<name>.authkit.app/oauth2/jwks`). */
  readonly jwksUrl?: string
  /**
   * Issuers (`iss`) whose tokens are accepted.
   *
   * Default with `clientId`: `https://api.workos.com` and `https://api.workos.com/user_management/<clientId>`. With
   * `jwksUrl` it has to be given.
   */
  readonly issuers?: readonly string[]
  /**
   * Audiences (`aud`) of which a token must have one. Default: a token without `aud` is accepted, and one whose `aud` is the
   * `clientId`; a token for anybody else is not (RFC 7519 §4.1.3).
   */
  readonly audience?: string | readonly string[]
  /** Signature algorithms. Default: `RS256` alone. */
  readonly algorithms?: readonly string[]
  /** Milliseconds that clocks may differ by. Default: 5,000. */
  readonly clockToleranceMs?: number
  /**
   * Attributes of the tenant and the claims they come from, beside or instead of the default ones: `tenant.id` from
   * `org_id`, `user.id` from `sub`, `user.email` from `email`. Without these first two a token is refused.
   */
  readonly claims?: Readonly<Record<string, ClaimSource>>
  /** Milliseconds between two fetches of the keys for a key that is not known. Default: 30,000. */
  readonly jwksCooldownMs?: number
  /** Milliseconds for which fetched keys are used. Default: 600,000. */
  readonly jwksCacheMaxAgeMs?: number
  /** Milliseconds that a fetch of the keys may take. Default: 5,000. */
  readonly jwksTimeoutMs?: number
  /** Where the metadata of the protected resource are (RFC 9728), as MCP clients want to be told in a 401. */
  readonly resourceMetadataUrl?: string
}

export interface AuthkitSettings {
  readonly jwksUrl: URL
  readonly issuers: string[]
  readonly audience: string[] | undefined
  /** The audience that a token may name where none is configured. */
  readonly clientId: string | undefined
  readonly algorithms: string[]
  readonly clockToleranceMs: number
  readonly claims: Readonly<Record<string, ClaimSource>>
  readonly jwksCooldownMs: number
  readonly jwksCacheMaxAgeMs: number
  readonly jwksTimeoutMs: number
  readonly resourceMetadataUrl: string | undefined
}

const workos = 'https://api.workos.com'

const defaultClaims: Readonly<Record<string, ClaimSource>> = {
  'tenant.id': 'org_id',
  'user.id': 'sub',
  'user.email': 'email',
  // Somebody of the operator's acts as the user; who that is stays in the token.
  'user.impersonated': ({ act }) => (act === undefined ? undefined : 'true'),
}

/** The options with their defaults. @throws TelemetryError `ERR_OPTIONS_INVALID` */
export function settingsOf(options: AuthkitOptions): AuthkitSettings {
  const { clientId, issuers, audience } = options
  if (clientId !== undefined && !/^\w+$/.test(clientId))
    throw invalid('clientId is no client id', 'Copy it from the WorkOS dashboard: client_…')
  if (clientId === undefined && (issuers === undefined || issuers.length === 0))
    throw invalid('issuers is missing', 'Name the issuers whose tokens you accept, or give clientId.')
  return {
    jwksUrl: jwksUrlOf(options),
    issuers: [...(issuers ?? [workos, `${workos}/`, `${workos}/user_management/${clientId}`])],
    audience: audience === undefined ? undefined : [audience].flat(),
    clientId,
    algorithms: algorithmsOf(options),
    clockToleranceMs: milliseconds('clockToleranceMs', options.clockToleranceMs ?? 5_000),
    claims: { ...defaultClaims, ...options.claims },
    jwksCooldownMs: milliseconds('jwksCooldownMs', options.jwksCooldownMs ?? 30_000),
    jwksCacheMaxAgeMs: milliseconds('jwksCacheMaxAgeMs', options.jwksCacheMaxAgeMs ?? 600_000),
    jwksTimeoutMs: milliseconds('jwksTimeoutMs', options.jwksTimeoutMs ?? 5_000),
    resourceMetadataUrl: options.resourceMetadataUrl,
  }
}

function jwksUrlOf({ clientId, jwksUrl }: AuthkitOptions): URL {
  if (jwksUrl === undefined && clientId === undefined)
    throw invalid('neither clientId nor jwksUrl is given', 'Give the client id of AuthKit, or the URL of its keys.')
  const given = jwksUrl ?? `${workos}/sso/jwks/${clientId}`
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url
  throw invalid('jwksUrl is no https URL', 'Keys that come over plain http can be anybody’s.')
}

function algorithmsOf({ algorithms = ['RS256'] }: AuthkitOptions): string[] {
  const symmetric = algorithms.find((name) => !/^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/.test(name))
  if (symmetric === undefined && algorithms.length > 0) return [...algorithms]
  throw invalid(
    `algorithms has ${JSON.stringify(symmetric ?? '')}`,
    'Take algorithms with a public key: RS256, PS256, ES256, EdDSA, …',
  )
}

function milliseconds(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value
  throw invalid(`${name} is ${String(value)}`, 'Give milliseconds, 0 or more.')
}

function invalid(problem: string, hint: string): TelemetryError {
  return new TelemetryError('ERR_OPTIONS_INVALID', `authkit(): ${problem}`, { hint })
}
