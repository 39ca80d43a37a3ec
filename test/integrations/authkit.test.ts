import { createServer, type IncomingMessage, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { SpanKind, trace } from '@opentelemetry/api'
import { generateKeyPair } from 'jose'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { isTelemetryError } from '../../src/errors.ts'
import {
  authkit,
  type AuthenticationError,
  type Authkit,
  type AuthkitOptions,
  isAuthenticationError,
} from '../../src/integrations/authkit.ts'
import { type JwksIssuer, type SignOptions, startJwksIssuer } from '../support/jwks-issuer.ts'
import { localSdk } from '../support/local-sdk.ts'

const claims = { sub: 'user_01ANN', org_id: 'org_01ACME', email: 'ann@acme.test', sid: 'session_1', role: 'member' }
let issuer: JwksIssuer
let auth: Authkit

const authFor = (options: Partial<AuthkitOptions> = {}): Authkit =>
  authkit({ jwksUrl: issuer.jwksUrl, issuers: [issuer.issuer], ...options })

beforeEach(async () => {
  issuer = await startJwksIssuer()
  auth = authFor()
})

afterEach(() => issuer.close())

async function refusal(token: string, own: Authkit = auth): Promise<AuthenticationError> {
  try {
    await own.verify(token)
  } catch (error) {
    if (isAuthenticationError(error)) return error
    throw error
  }
  throw new Error('accepted')
}

describe('a token', () => {
  it('makes the tenant, and gives its claims', async () => {
    const { tenant, claims: verified } = await auth.verify(await issuer.sign(claims))
    expect(tenant).toEqual({ 'tenant.id': 'org_01ACME', 'user.id': 'user_01ANN', 'user.email': 'ann@acme.test' })
    expect(verified).toMatchObject(claims)
  })

  it('names attributes by configuration', async () => {
    const own = authFor({
      claims: {
        'tenant.id': (all) => String(all['urn:tenant']),
        'workos.user.id': 'workos_user_id',
        'user.email': false,
      },
    })
    const token = await issuer.sign({ ...claims, 'urn:tenant': 't-1', workos_user_id: 'user_01W' })
    expect((await own.verify(token)).tenant).toEqual({
      'tenant.id': 't-1',
      'user.id': 'user_01ANN',
      'workos.user.id': 'user_01W',
    })
  })

  it('of an impersonated user says so, and not by whom', async () => {
    const { tenant } = await auth.verify(await issuer.sign({ ...claims, act: { sub: 'admin@operator.test' } }))
    expect(tenant).toMatchObject({ 'user.impersonated': 'true' })
    expect(JSON.stringify(tenant)).not.toContain('operator')
  })

  it('may be off by the tolerance of the clocks, and by no more', async () => {
    await expect(auth.verify(await issuer.sign(claims, { expiresInSeconds: -2 }))).resolves.toBeDefined()
    expect((await refusal(await issuer.sign(claims, { expiresInSeconds: -60 }))).code).toBe('token_expired')
    expect(
      (await refusal(await issuer.sign(claims, { expiresInSeconds: -2 }), authFor({ clockToleranceMs: 0 }))).code,
    ).toBe('token_expired')
  })

  it.each<[string, Record<string, unknown>, SignOptions, string]>([
    ['that has expired', claims, { expiresInSeconds: -60 }, 'token_expired'],
    ['that never expires', claims, { expiresInSeconds: null }, 'claim_missing'],
    ['that is not valid yet', claims, { notBeforeSeconds: 60 }, 'token_not_yet_valid'],
    ['of another issuer', claims, { issuer: 'https://evil.test' }, 'issuer_not_allowed'],
    ['of no issuer', claims, { issuer: null }, 'issuer_not_allowed'],
    ['of an unknown key', claims, { kid: 'nobody' }, 'key_unknown'],
    ['with a critical header', claims, { header: { crit: ['exp2'], exp2: 1 } }, 'token_malformed'],
    ['without an organisation', { ...claims, org_id: undefined }, {}, 'claim_missing'],
    ['without a subject', { ...claims, sub: undefined }, {}, 'claim_missing'],
    ['with an organisation that is no text', { ...claims, org_id: 7 }, {}, 'claim_invalid'],
    ['with line breaks in a claim', { ...claims, email: 'a@b.c\nlevel: 60' }, {}, 'claim_invalid'],
    ['with times that are none', { ...claims, nbf: 'soon' }, {}, 'claim_invalid'],
    ['meant for somebody else', { ...claims, aud: 'client_other' }, {}, 'audience_not_allowed'],
  ])('%s is refused', async (_, given, options, code) => {
    // A test of a header that the signer itself would refuse has to go round it.
    const token = options.header === undefined ? await issuer.sign(given, options) : await signCritical(given)
    const error = await refusal(token)
    expect([error.code, error.statusCode, error.status]).toEqual([code, 401, 401])
  })

  async function signCritical(given: Record<string, unknown>): Promise<string> {
    const [, payload, signature] = (await issuer.sign(given)).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'key-1', crit: ['exp2'], exp2: 1 })).toString(
      'base64url',
    )
    return [header, payload, signature].join('.')
  }

  it('that somebody else has signed is refused', async () => {
    const { privateKey } = await generateKeyPair('RS256')
    expect((await refusal(await issuer.sign(claims, { key: privateKey }))).code).toBe('signature_invalid')
  })

  it('that was changed is refused', async () => {
    const [header, payload, signature] = (await issuer.sign(claims)).split('.')
    const changed = Buffer.from(payload as string, 'base64url')
      .toString()
      .replace('org_01ACME', 'org_01BOLT')
    const forged = [header, Buffer.from(changed).toString('base64url'), signature].join('.')
    expect((await refusal(forged)).code).toBe('signature_invalid')
  })

  it('without a signature, or one made with the public key as a secret, is refused', async () => {
    const [, payload] = (await issuer.sign(claims)).split('.')
    const none = Buffer.from('{"alg":"none","kid":"key-1"}').toString('base64url')
    expect((await refusal(`${none}.${payload}.`)).code).toBe('algorithm_not_allowed')
    const secret = new TextEncoder().encode(await issuer.publicKeyPem())
    expect((await refusal(await issuer.sign(claims, { algorithm: 'HS256', key: secret }))).code).toBe(
      'algorithm_not_allowed',
    )
  })

  it.each([['rubbish'], ['a.b.c'], ['....'], ['é.é.é'], [`${'x'.repeat(20_000)}.y.z`]])(
    '%# that is none is refused',
    async (token) => {
      expect((await refusal(token)).code).toBe('token_malformed')
    },
  )

  it('for an audience is accepted where that is configured, or is the client', async () => {
    const token = await issuer.sign({ ...claims, aud: ['https://api.test', 'client_01X'] })
    await expect(authFor({ audience: 'https://api.test' }).verify(token)).resolves.toBeDefined()
    await expect(authFor({ clientId: 'client_01X' }).verify(token)).resolves.toBeDefined()
    expect((await refusal(token, authFor({ audience: ['other'] }))).code).toBe('audience_not_allowed')
    expect((await refusal(await issuer.sign(claims), authFor({ audience: ['other'] }))).code).toBe(
      'audience_not_allowed',
    )
  })
})

describe('the keys', () => {
  it('are fetched once for many tokens, and leave no span', async () => {
    const sdk = localSdk()
    onTestFinished(() => sdk.stop())
    const token = await issuer.sign(claims)
    await trace.getTracer('test').startActiveSpan('request', { kind: SpanKind.SERVER }, async (span) => {
      await Promise.all(Array.from({ length: 20 }, () => auth.verify(token)))
      span.end()
    })
    expect(issuer.fetches).toBe(1)
    expect(sdk.spans.map(({ name }) => name)).toEqual(['request'])
  })

  it('are fetched again for a new one, but not for every made-up one', async () => {
    const own = authFor({ jwksCooldownMs: 0 })
    const before = await issuer.sign(claims)
    await own.verify(before)
    await issuer.rotate()
    await expect(own.verify(await issuer.sign(claims))).resolves.toBeDefined()
    await expect(own.verify(before)).resolves.toBeDefined()
    expect(issuer.fetches).toBe(2)

    const careful = authFor({ jwksCooldownMs: 60_000 })
    await careful.verify(before)
    for (let round = 0; round < 10; round++)
      await refusal(await issuer.sign(claims, { kid: `made-up-${round}` }), careful)
    expect(issuer.fetches).toBe(3)
  })

  it('that were withdrawn are not believed for longer than the cache lasts', async () => {
    const own = authFor({ jwksCacheMaxAgeMs: 0 })
    const before = await issuer.sign(claims)
    await own.verify(before)
    await issuer.rotate({ withdraw: true })
    expect((await refusal(before, own)).code).toBe('key_unknown')
  })

  it.each(['error', 'hang', 'rubbish'] as const)(
    'that cannot be fetched (%s) are not the caller’s fault, and open nothing',
    async (answer) => {
      issuer.answer(answer)
      const own = authFor({ jwksTimeoutMs: 100 })
      const error = await refusal(await issuer.sign(claims), own)
      expect([error.code, error.statusCode, error.headers]).toEqual(['keys_unavailable', 503, {}])
      issuer.answer('keys')
      await expect(own.verify(await issuer.sign(claims))).resolves.toBeDefined()
    },
  )
})

describe('an error', () => {
  it('has nothing of the token, wherever one looks', async () => {
    const secrets = ['ann@acme.test', 'org_01ACME', 'user_01ANN', 'session_1']
    const tokens = [
      await issuer.sign(claims, { expiresInSeconds: -60 }),
      await issuer.sign({ ...claims, org_id: 'org_01ACME\n' }),
      await issuer.sign(claims, { kid: 'unknown' }),
      `${(await issuer.sign(claims)).slice(0, -6)}AAAAAA`,
    ]
    for (const token of tokens) {
      const error = await refusal(token)
      const shown = [
        inspect(error, { depth: 9, showHidden: true }),
        JSON.stringify(error),
        error.stack,
        String(error.cause),
      ].join()
      for (const part of [...secrets, ...token.split('.').filter((each) => each.length > 8)])
        expect(shown).not.toContain(part)
    }
  })

  it('challenges by RFC 6750 and RFC 9728', async () => {
    const own = authFor({ resourceMetadataUrl: 'https://mcp.test/.well-known/oauth-protected-resource' })
    const [missing, rubbish] = await Promise.all(
      [{ headers: {} }, { headers: { authorization: 'Bearer x' } }].map((request) =>
        own.authenticate(request).catch((error: unknown) => error as AuthenticationError),
      ),
    )
    const metadata = 'resource_metadata="https://mcp.test/.well-known/oauth-protected-resource"'
    expect((missing as AuthenticationError).headers).toEqual({ 'www-authenticate': `Bearer ${metadata}` })
    expect((rubbish as AuthenticationError).headers).toEqual({
      'www-authenticate': `Bearer error="invalid_token", error_description="the bearer token is no token", ${metadata}`,
    })
  })
})

describe('a request', () => {
  it('of Node, fetch, fastify or hono gives its bearer token', async () => {
    const token = await issuer.sign(claims)
    const headers = { authorization: `bEaReR  ${token}` }
    const requests = [
      { headers },
      new Request('http://x.test', { headers }),
      { headers, raw: { headers } },
      { req: { raw: new Request('http://x.test', { headers }) } },
    ]
    for (const request of requests) expect(await auth.tenant(request)).toMatchObject({ 'tenant.id': 'org_01ACME' })
  })

  it.each([
    [{}, 'token_missing'],
    [{ authorization: '' }, 'token_missing'],
    [{ authorization: 'Basic dTpw' }, 'token_malformed'],
    [{ authorization: 'Bearer' }, 'token_malformed'],
    [{ authorization: 'Bearer a b' }, 'token_malformed'],
    [{ authorization: `Bearer ${'x'.repeat(20_000)}` }, 'token_malformed'],
  ])('with %j has %s', async (headers, code) => {
    await expect(auth.authenticate({ headers })).rejects.toMatchObject({ code })
  })

  it('with two Authorization headers is refused, whichever of them is good', async () => {
    const token = await issuer.sign(claims)
    const seen = new Promise<unknown>((resolve) => {
      const server = createServer((request: IncomingMessage, response) => {
        response.end()
        auth.authenticate(request).then(resolve, resolve)
      })
      onTestFinished(() => void server.close())
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo
        const client = httpRequest({ port, host: '127.0.0.1' })
        client.setHeader('authorization', [`Bearer ${token}`, 'Bearer other'] as never)
        client.end()
      })
    })
    expect(await seen).toMatchObject({ code: 'token_malformed' })
  })
})

describe('options', () => {
  it('of a client know its keys and issuers', () => {
    expect(() => authkit({ clientId: 'client_01ABC' })).not.toThrow()
  })

  it.each<[AuthkitOptions, RegExp]>([
    [{}, /issuers is missing/],
    [{ issuers: ['https://a.test'] }, /neither clientId nor jwksUrl/],
    [{ jwksUrl: 'https://a.test/jwks' }, /issuers is missing/],
    [{ jwksUrl: 'http://a.test/jwks', issuers: ['https://a.test'] }, /jwksUrl is no https URL/],
    [{ jwksUrl: 'nonsense', issuers: ['https://a.test'] }, /jwksUrl is no https URL/],
    [{ clientId: 'client/../x' }, /clientId is no client id/],
    [{ clientId: 'client_1', algorithms: ['HS256'] }, /algorithms has "HS256"/],
    [{ clientId: 'client_1', algorithms: ['none'] }, /algorithms has "none"/],
    [{ clientId: 'client_1', algorithms: [] }, /algorithms has ""/],
    [{ clientId: 'client_1', clockToleranceMs: -1 }, /clockToleranceMs is -1/],
    [{ clientId: 'client_1', jwksTimeoutMs: Number.NaN }, /jwksTimeoutMs is NaN/],
  ])('%j are refused', (options, message) => {
    let error: unknown
    try {
      authkit(options)
    } catch (thrown) {
      error = thrown
    }
    expect(isTelemetryError(error) && [error.code, error.message]).toEqual([
      'ERR_OPTIONS_INVALID',
      expect.stringMatching(message),
    ])
  })
})
