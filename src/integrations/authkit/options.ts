import type { Claims } from './claims.ts'

/** Where an attribute comes from: the name of a claim, or a function of all claims. `false`: from nowhere. */
export type ClaimSource = string | false | ((claims: Claims) => string | undefined)

export interface AuthkitOptions {
  /** The AuthKit client: its keys are at `https://api.workos.com/sso/jwks/<clientId>`. */
  readonly clientId?: string | undefined
  /**
   * Where the keys are instead: a custom domain, AuthKit as an OAuth server (`https://<name>.authkit.app/oauth2/jwks`).
   * https, or http to this machine.
   */
  readonly jwksUrl?: string | undefined
  /**
   * Issuers (`iss`) whose tokens are accepted, letter by letter.
   *
   * Default with `clientId`: `https://api.workos.com`, the same with a slash at the end, and
   * `https://api.workos.com/user_management/<clientId>`. Without it they have to be given, and so they have to with a
   * custom domain.
   */
  readonly issuers?: readonly string[] | undefined
  /**
   * Audiences (`aud`) of which a token must have one. Default: a token without `aud` is accepted, and one whose `aud`
   * is the `clientId`; a token for anybody else is not (RFC 7519 §4.1.3).
   */
  readonly audience?: string | readonly string[] | undefined
  /** Signature algorithms, of those with a public key. Default: `RS256` alone. */
  readonly algorithms?: readonly string[] | undefined
  /** Milliseconds that clocks may differ by. Default: 5,000. */
  readonly clockToleranceMs?: number | undefined
  /**
   * Attributes of the tenant and the claims they come from, beside or instead of the default ones: `tenant.id` from
   * `org_id`, `user.id` from `sub`, `user.email` from `email`, `user.impersonated` (`true`) where there is an `act`.
   *
   * A token without a `tenant.id` is refused, and one without a `user.id`, unless that is `false`. Any other claim may
   * be missing or null. What is there has to be text of 1 to 256 characters without control characters.
   */
  readonly claims?: Readonly<Record<string, ClaimSource>> | undefined
  /** Milliseconds between two fetches of the keys for a key that is not known. Default: 30,000. */
  readonly jwksCooldownMs?: number | undefined
  /** Milliseconds for which fetched keys are used. Default: 600,000. */
  readonly jwksCacheMaxAgeMs?: number | undefined
  /** Milliseconds that a fetch of the keys may take, 1 or more. Default: 5,000. */
  readonly jwksTimeoutMs?: number | undefined
  /** Size of the largest token that is looked into. Default: 16,384; tokens of AuthKit have about 1,000. */
  readonly maxTokenBytes?: number | undefined
  /** Where the metadata of the protected resource are (RFC 9728), as MCP clients want to be told in a 401. */
  readonly resourceMetadataUrl?: string | undefined
}
