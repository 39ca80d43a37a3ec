/** Why a request is not authenticated. */
export type AuthenticationErrorCode =
  | 'token_missing'
  | 'token_malformed'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'signature_invalid'
  | 'key_unknown'
  | 'algorithm_not_allowed'
  | 'issuer_not_allowed'
  | 'audience_not_allowed'
  | 'claim_missing'
  | 'claim_invalid'
  | 'keys_unavailable'

const messages: Readonly<Record<AuthenticationErrorCode, string>> = {
  token_missing: 'the request has no bearer token',
  token_malformed: 'the bearer token is no token',
  token_expired: 'the token has expired',
  token_not_yet_valid: 'the token is not valid yet',
  signature_invalid: 'the signature of the token is wrong',
  key_unknown: 'the token is signed with a key that the issuer does not have',
  algorithm_not_allowed: 'the token is signed with an algorithm that is not allowed',
  issuer_not_allowed: 'the token is of another issuer',
  audience_not_allowed: 'the token is meant for somebody else',
  claim_missing: 'the token lacks a claim',
  claim_invalid: 'a claim of the token cannot be used',
  keys_unavailable: 'the keys of the issuer could not be fetched',
}

const brand: unique symbol = Symbol.for('signalbox.AuthenticationError') as never

/**
 * Why a caller is not let in: a reason `code`, and how to answer.
 *
 * `statusCode` and `status` are 401, or 503 where the fault is not the caller's (`keys_unavailable`). `headers` has
 * `www-authenticate` by RFC 6750 §3, with the URL of RFC 9728 where one is configured. It holds nothing of the token.
 */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError'
  readonly code: AuthenticationErrorCode
  readonly statusCode: 401 | 503
  readonly status: 401 | 503
  readonly headers: Readonly<Record<string, string>>

  constructor(code: AuthenticationErrorCode, resourceMetadataUrl?: string) {
    super(messages[code])
    this.code = code
    this.statusCode = code === 'keys_unavailable' ? 503 : 401
    this.status = this.statusCode
    this.headers = this.statusCode === 503 ? {} : { 'www-authenticate': challenge(code, resourceMetadataUrl) }
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Tells whether a value is an {@link AuthenticationError}, also one of another copy of this package. */
export function isAuthenticationError(value: unknown): value is AuthenticationError {
  return typeof value === 'object' && value !== null && brand in value
}

/** RFC 6750 §3.1: a request without a token learns that one is needed, and no more. */
function challenge(code: AuthenticationErrorCode, resourceMetadataUrl: string | undefined): string {
  const parts = [
    ...(code === 'token_missing' ? [] : ['error="invalid_token"', `error_description="${messages[code]}"`]),
    ...(resourceMetadataUrl === undefined ? [] : [`resource_metadata="${resourceMetadataUrl}"`]),
  ]
  return parts.length === 0 ? 'Bearer' : `Bearer ${parts.join(', ')}`
}
