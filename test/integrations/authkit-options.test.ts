import { describe, expect, it } from 'vitest'
import { isTelemetryError, type TelemetryError } from '../../src/errors.ts'
import { authkit, type AuthkitOptions } from '../../src/integrations/authkit.ts'

const local = { jwksUrl: 'http://127.0.0.1:1/jwks', issuers: ['https://a.test'] }

/** What authkit() throws for options, those of plain JavaScript too. */
function refused(options: unknown): TelemetryError {
  try {
    authkit(options as AuthkitOptions)
  } catch (error) {
    if (isTelemetryError(error)) return error
    throw error
  }
  throw new Error('accepted')
}

describe('options', () => {
  it('that are right are accepted', () => {
    const accepted: AuthkitOptions[] = [
      { clientId: 'client_01ABC' },
      { ...local, audience: ['https://api.test'], algorithms: ['RS256', 'ES256', 'EdDSA'], maxTokenBytes: 4_096 },
      { ...local, clockToleranceMs: 0, jwksCooldownMs: 0, jwksCacheMaxAgeMs: 0, jwksTimeoutMs: 1 },
      { ...local, claims: { 'user.id': false, 'workos.user.id': 'urn:user', 'user.role': () => undefined } },
      { ...local, resourceMetadataUrl: 'https://mcp.test/.well-known/oauth-protected-resource?a=b' },
      { clientId: 'client_1', jwksUrl: 'https://auth.test/sso/jwks/client_1', issuers: ['https://auth.test'] },
    ]
    for (const options of accepted) expect(() => authkit(options)).not.toThrow()
  })

  it.each<[Record<string, unknown>, string]>([
    // A word that is not known may be a check that is not made.
    [{ audiences: 'https://api.test' }, 'audiences is no option'],
    [{ issuers: 'https://a.test' }, 'issuers is no list of texts'],
    [{ issuers: [] }, 'issuers is no list of texts'],
    [{ issuers: [''] }, 'issuers is no list of texts'],
    [{ audience: '' }, 'audience is no text, nor a list of texts'],
    [{ audience: [] }, 'audience is no text, nor a list of texts'],
    [{ audience: [7] }, 'audience is no text, nor a list of texts'],
    [{ algorithms: 'RS256' }, 'algorithms is no list'],
    [{ claims: 'org_id' }, 'claims is no object'],
    [{ claims: { 'bad key!': 'sub' } }, 'claims has "bad key!", which is not an attribute name'],
    [{ claims: { trace_id: 'sub' } }, 'claims has "trace_id", which is a field of every log line'],
    [{ claims: { 'user.role': 7 } }, 'claims has no claim for "user.role"'],
    [{ claims: { 'user.role': '' } }, 'claims has no claim for "user.role"'],
    [{ claims: { 'tenant.id': false } }, 'claims has no claim for "tenant.id"'],
    [{ clockToleranceMs: '5000' }, 'clockToleranceMs is a string'],
    [{ jwksCooldownMs: Number.POSITIVE_INFINITY }, 'jwksCooldownMs is Infinity'],
    [{ jwksTimeoutMs: 0 }, 'jwksTimeoutMs is 0'],
    [{ jwksTimeoutMs: 2.5 }, 'jwksTimeoutMs is 2.5'],
    [{ jwksTimeoutMs: 1e20 }, 'jwksTimeoutMs is 100000000000000000000'],
    [{ maxTokenBytes: 0 }, 'maxTokenBytes is 0'],
    [{ jwksUrl: 'https://user:hunter2@a.test/jwks' }, 'jwksUrl has credentials'],
    [{ resourceMetadataUrl: '/.well-known/x' }, 'resourceMetadataUrl is no https URL'],
    [{ resourceMetadataUrl: 'http://a.test/x' }, 'resourceMetadataUrl is no https URL'],
    [{ resourceMetadataUrl: 'https://a.test/"\r\nset-cookie: a=b' }, 'resourceMetadataUrl is no https URL'],
  ])('%j are refused', (wrong, message) => {
    const error = refused({ ...local, ...wrong })
    expect(error.code).toBe('ERR_OPTIONS_INVALID')
    expect(error.message).toContain(`authkit(): ${message}`)
    expect(error.hint).toMatch(/\w/)
    expect(error.message).not.toContain('hunter2')
  })

  it.each([null, undefined, 'client_1', 7])('that are %j are refused', (options) => {
    expect(refused(options).message).toContain('authkit() takes an object')
  })

  it('name everything that is wrong at once, and show no key that was taken for a client id', () => {
    const error = refused({ clientId: 'sk_test_a2V5/', audience: '', clockToleranceMs: -1, issuer: 'https://a.test' })
    expect(error.problems.map(({ source }) => source)).toEqual(['issuer', 'clientId', 'audience', 'clockToleranceMs'])
    for (const { source, hint } of error.problems) {
      expect(error.message).toContain(`- ${source} `)
      expect(hint).toMatch(/\w/)
    }
    expect(error.message).not.toContain('a2V5')
    expect(refused({ clientId: 'sk_test_a2V5' }).message).not.toContain('a2V5')
  })
})
