import type { Tenant } from '../tenant/tenant.ts'
import { type Authenticated, createVerifier } from './authkit/verify.ts'
import type { AuthkitOptions } from './authkit/options.ts'
import { settingsOf } from './authkit/settings.ts'
import { bearerToken, type RequestWithHeaders } from './authkit/bearer-token.ts'

export {
  AuthenticationError,
  type AuthenticationErrorCode,
  isAuthenticationError,
} from './authkit/authentication-error.ts'
export type { RequestWithHeaders } from './authkit/bearer-token.ts'
export type { AuthkitOptions, ClaimSource } from './authkit/options.ts'
export type { Claims } from './authkit/claims.ts'
export type { Authenticated } from './authkit/verify.ts'

/** Verifies access tokens and tells whose they are. */
export interface Authkit {
  /**
   * Verifies an access token.
   *
   * @throws AuthenticationError (rejects) with the reason as `code`; 401, or 503 where the keys could not be fetched.
   */
  verify(token: string): Promise<Authenticated>
  /** The same for the bearer token of a request of Node, fastify, express, hono or fetch. */
  authenticate(request: RequestWithHeaders): Promise<Authenticated>
  /** The tenant of a request: the `tenant` option of `signalbox/fastify`, `/express` and `/hono`. */
  readonly tenant: (request: RequestWithHeaders) => Promise<Tenant>
}

/**
 * Verifies the access tokens of WorkOS AuthKit, and makes the tenant out of their claims.
 *
 * Signature, algorithm, issuer, times and audience are checked against the keys of the issuer's JWKS, which are fetched
 * on first use, kept, and fetched again when a token names a key that is not among them. Nothing of a token is ever
 * logged, recorded, or put into an error. Tokens: https://workos.com/docs/reference/authkit/session-tokens.
 *
 * @throws TelemetryError `ERR_OPTIONS_INVALID` with everything that is wrong with the options, unknown ones among it.
 */
export function authkit(options: AuthkitOptions): Authkit {
  const settings = settingsOf(options)
  const verify = createVerifier(settings)
  const authenticate = async (request: RequestWithHeaders): Promise<Authenticated> =>
    verify(bearerToken(request, settings.resourceMetadataUrl))
  return {
    verify,
    authenticate,
    tenant: async (request) => (await authenticate(request)).tenant,
  }
}
