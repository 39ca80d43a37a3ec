import { errors } from 'jose'
import type { AuthenticationErrorCode } from './authentication-error.ts'

const ofClaim: Readonly<Record<string, AuthenticationErrorCode>> = {
  iss: 'issuer_not_allowed',
  aud: 'audience_not_allowed',
  nbf: 'token_not_yet_valid',
  iat: 'token_not_yet_valid',
}

/** The reason in what jose throws. Whatever is not about the token is about the keys: no fault of the caller's. */
export function reasonOf(error: unknown): AuthenticationErrorCode {
  if (error instanceof errors.JWTExpired) return 'token_expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'invalid') return 'claim_invalid'
    return ofClaim[error.claim] ?? (error.reason === 'missing' ? 'claim_missing' : 'claim_invalid')
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm_not_allowed'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature_invalid'
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'key_unknown'
  const isToken =
    error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid || error instanceof errors.JOSENotSupported
  return isToken ? 'token_malformed' : 'keys_unavailable'
}
