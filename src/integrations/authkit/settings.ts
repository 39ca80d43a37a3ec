import { type Problem, TelemetryError } from '../../errors.ts'
import { problemsOf } from './option-problems.ts'
import type { AuthkitOptions, ClaimSource } from './options.ts'

/** The options of one `authkit()`, checked and with their defaults. */
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
  readonly maxTokenBytes: number
  readonly resourceMetadataUrl: string | undefined
}

const workos = 'https://api.workos.com'

const defaultClaims: Readonly<Record<string, ClaimSource>> = {
  'tenant.id': 'org_id',
  'user.id': 'sub',
  'user.email': 'email',
  // Somebody of the operator's acts as the user; who that is stays in the token.
  'user.impersonated': ({ act }) => (act === undefined || act === null ? undefined : 'true'),
}

/** The options with their defaults. @throws TelemetryError `ERR_OPTIONS_INVALID`, with every problem at once. */
export function settingsOf(options: AuthkitOptions): AuthkitSettings {
  const problems = problemsOf(options)
  if (problems.length > 0) throw invalid(problems)
  const { clientId, audience } = options
  return {
    jwksUrl: new URL(options.jwksUrl ?? `${workos}/sso/jwks/${clientId}`),
    issuers: [...(options.issuers ?? [workos, `${workos}/`, `${workos}/user_management/${clientId}`])],
    audience: audience === undefined ? undefined : [audience].flat(),
    clientId,
    algorithms: [...(options.algorithms ?? ['RS256'])],
    clockToleranceMs: options.clockToleranceMs ?? 5_000,
    claims: { ...defaultClaims, ...options.claims },
    jwksCooldownMs: options.jwksCooldownMs ?? 30_000,
    jwksCacheMaxAgeMs: options.jwksCacheMaxAgeMs ?? 600_000,
    jwksTimeoutMs: options.jwksTimeoutMs ?? 5_000,
    maxTokenBytes: options.maxTokenBytes ?? 16_384,
    resourceMetadataUrl: options.resourceMetadataUrl,
  }
}

function invalid(problems: readonly Problem[]): TelemetryError {
  const [first, ...others] = problems
  const lines = problems.map(({ message, hint }) => `  - ${message}. ${hint}`)
  const text = others.length === 0 ? `authkit(): ${first?.message}` : `authkit() has problems:\n${lines.join('\n')}`
  const hint =
    others.length === 0 ? first?.hint : 'Put every one of them right; docs/integrations/authkit.md has the options.'
  return new TelemetryError('ERR_OPTIONS_INVALID', text, { problems, ...(hint !== undefined && { hint }) })
}
