import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'
import type { AuthenticationErrorCode } from './authentication-error.ts'

/**
 * Tells the operator what a refused caller cannot put right: keys that cannot be fetched, and options that do not fit
 * the tokens of the issuer. The latter is said of well signed tokens alone, so that nobody else can make it be said.
 */
export function sayRefusal(code: AuthenticationErrorCode, jwksUrl: URL, error?: unknown): void {
  const keys = `the keys at ${jwksUrl.origin}${jwksUrl.pathname}`
  if (code === 'keys_unavailable') {
    diagnostics.count('authkit_keys_unavailable')
    const { code: cause } = ((error as Error | undefined)?.cause ?? {}) as { readonly code?: unknown }
    const why = typeof cause === 'string' ? `${messageOf(error)} (${cause})` : messageOf(error)
    const text = `authkit(): ${keys} cannot be fetched or used, and requests are answered with 503: ${why}.`
    diagnostics.once('warn', text, `authkit keys ${jwksUrl.href}`)
  }
  if (code === 'issuer_not_allowed' || code === 'audience_not_allowed') {
    const option = code === 'issuer_not_allowed' ? 'issuers' : 'audience'
    diagnostics.once('warn', `authkit(): a token signed with ${keys} was refused for what \`${option}\` allows.`)
  }
}
