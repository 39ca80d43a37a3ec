import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Headers as OtherHeaders } from 'undici'
import { type Diagnostic, diagnostics } from '../../src/diagnostics.ts'
import { authkit, type Authkit, type AuthkitOptions, isAuthenticationError } from '../../src/integrations/authkit.ts'
import { type JwksIssuer, startJwksIssuer } from '../support/jwks-issuer.ts'

const claims = { sub: 'user_01ANN', org_id: 'org_01ACME', email: 'ann@acme.test' }
let issuer: JwksIssuer
let auth: Authkit

const authFor = (options: Partial<AuthkitOptions> = {}): Authkit =>
  authkit({ jwksUrl: issuer.jwksUrl, issuers: [issuer.issuer], ...options })

beforeAll(async () => {
  issuer = await startJwksIssuer()
  auth = authFor()
})

beforeEach(() => {
  diagnostics.reset()
  diagnostics.setLevel('none')
})

afterAll(async () => {
  diagnostics.setLevel('warn')
  await issuer.close()
})

/** The code of a refusal; anything else that is thrown is thrown on. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: unknown) => {
      if (isAuthenticationError(error)) return error.code
      throw error
    },
  )
}

async function said(act: () => Promise<unknown>): Promise<Diagnostic[]> {
  const heard: Diagnostic[] = []
  const stop = diagnostics.listen((each) => heard.push(each))
  await act()
  stop()
  return heard
}

const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

describe('a claim', () => {
  it('that a function of the application chokes on is refused, and the error shows nothing of it', async () => {
    const own = authFor({
      claims: {
        'plan.name': ({ org_id }) => {
          throw new Error(`no plan of ${String(org_id)}`)
        },
      },
    })
    const token = await issuer.sign(claims)
    const heard = await said(async () => {
      const error: unknown = await own.verify(token).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'claim_invalid', statusCode: 401 })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('org_01ACME')
    })
    expect(heard.map(({ message }) => message)).toEqual([expect.stringContaining('`plan.name`')])
    expect(JSON.stringify(heard)).not.toContain('org_01ACME')
    expect(diagnostics.counters()['authkit_claim_errors']).toBe(1)
  })

  it('is one of the token, not one that every object has', async () => {
    const own = authFor({ claims: { 'a.b': 'constructor', 'a.c': '__proto__', 'a.d': 'toString' } })
    const { tenant } = await own.verify(await issuer.sign(claims))
    expect(Object.keys(tenant).sort()).toEqual(['tenant.id', 'user.email', 'user.id'])
  })

  it('for the user may be done without where that is configured', async () => {
    const machine = await issuer.sign({ org_id: 'org_01ACME' })
    expect(await outcome(auth.verify(machine))).toBe('claim_missing')
    const { tenant } = await authFor({ claims: { 'user.id': false } }).verify(machine)
    expect(tenant).toEqual({ 'tenant.id': 'org_01ACME' })
  })

  it('of nobody acting impersonates nobody', async () => {
    const { tenant } = await auth.verify(await issuer.sign({ ...claims, act: null }))
    expect(tenant).not.toHaveProperty('user.impersonated')
  })
})

describe('a token', () => {
  it('without a key id is verified where there is one key, and no guess is made among several', async () => {
    const several = await startJwksIssuer()
    const own = (): Authkit => authkit({ jwksUrl: several.jwksUrl, issuers: [several.issuer] })
    const token = await several.sign(claims, { header: { kid: undefined } })
    expect(await outcome(own().verify(token))).toBe('accepted')
    await several.rotate()
    expect(await outcome(own().verify(token))).toBe('key_unknown')
    await several.close()
  })

  it('is refused by its length before it is parsed', async () => {
    const token = await issuer.sign({ ...claims, permissions: Array.from({ length: 2_000 }, () => 'notes:read') })
    expect(token.length).toBeGreaterThan(16_384)
    expect(await outcome(auth.verify(token))).toBe('token_malformed')
    expect(await outcome(authFor({ maxTokenBytes: token.length }).verify(token))).toBe('accepted')
    expect(await outcome(authFor({ maxTokenBytes: token.length - 1 }).verify(token))).toBe('token_malformed')
    const request = { headers: { authorization: `Bearer ${token}` } }
    expect(await outcome(authFor({ maxTokenBytes: token.length }).authenticate(request))).toBe('accepted')
  })

  it('of anybody is refused for a reason of its own: never let in, never for the keys, no crash', async () => {
    const genuine = await issuer.sign(claims)
    const [header = '', payload = '', signature = ''] = genuine.split('.')
    const headers = fc.record(
      {
        alg: fc.oneof(fc.constantFrom('RS256', 'none', 'HS256', 'PS256', 'ES256', '', '__proto__'), fc.jsonValue()),
        kid: fc.oneof(fc.constantFrom('key-1', '', '__proto__'), fc.jsonValue()),
        crit: fc.oneof(fc.constant(['b64']), fc.constant(['exp']), fc.jsonValue()),
        b64: fc.oneof(fc.boolean(), fc.jsonValue()),
        typ: fc.jsonValue(),
        jwk: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const part = fc.oneof(
      headers.map(base64url),
      fc.jsonValue().map(base64url),
      fc.string({ unit: 'binary' }).map(base64url),
      fc.base64String(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(header, payload, signature, ''),
    )
    const tokens = fc
      .oneof(fc.tuple(part, part, part), fc.array(part, { maxLength: 6 }))
      .map((parts) => parts.join('.'))
      .filter((token) => token !== genuine)
    const reasons = ['token_missing', 'token_malformed', 'signature_invalid', 'key_unknown', 'algorithm_not_allowed']
    expect(await outcome(auth.verify(genuine))).toBe('accepted')
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(tokens, async (token) => {
        const code = await outcome(auth.verify(token))
        seen.add(code)
        expect(reasons).toContain(code)
      }),
      { numRuns: 2_000 },
    )
    expect(seen.size).toBeGreaterThan(2)
  })
})

describe('a header', () => {
  it('is read from the headers of any fetch, and from lists of one', async () => {
    const authorization = `Bearer ${await issuer.sign(claims)}`
    const requests = [
      { headers: new OtherHeaders({ authorization }) },
      { headers: { authorization: [authorization] } },
      { req: { raw: { headers: new OtherHeaders({ authorization }) } } },
    ]
    for (const request of requests) expect(await outcome(auth.authenticate(request))).toBe('accepted')
  })

  it('that is there twice is refused, however it is joined', async () => {
    const authorization = `Bearer ${await issuer.sign(claims)}`
    const twice = new Headers({ authorization })
    twice.append('authorization', 'Bearer other')
    const requests = [
      { headers: twice },
      { headers: { authorization: [authorization, authorization] } },
      { headers: { authorization: `${authorization}, ${authorization}` } },
    ]
    for (const request of requests) expect(await outcome(auth.authenticate(request))).toBe('token_malformed')
  })

  it.each([undefined, null, {}, { headers: undefined }, { headers: null }, { req: {} }, 'Bearer x'])(
    'is missing where %j is the request',
    async (request) => {
      expect(await outcome(auth.authenticate(request as never))).toBe('token_missing')
    },
  )
})

describe('a fetch of the keys', () => {
  it('is given up after the time that is configured', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    onTestFinished(() => timeout.mockRestore())
    issuer.answer('hang')
    onTestFinished(() => issuer.answer('keys'))
    expect(await outcome(authFor({ jwksTimeoutMs: 123 }).verify(await issuer.sign(claims)))).toBe('keys_unavailable')
    expect(timeout.mock.calls).toEqual([[123]])
  })
})

describe('the operator', () => {
  it('is told once, with address and cause, that the keys cannot be fetched, and how often', async () => {
    const gone = await startJwksIssuer()
    const own = authkit({ jwksUrl: `${gone.jwksUrl}?secret=hunter2`, issuers: [gone.issuer] })
    const token = await gone.sign(claims)
    await gone.close()
    const heard = await said(async () => {
      for (let round = 0; round < 3; round++) expect(await outcome(own.verify(token))).toBe('keys_unavailable')
    })
    expect(heard.map(({ level }) => level)).toEqual(['warn'])
    expect(heard[0]?.message).toContain(gone.jwksUrl)
    expect(heard[0]?.message).toContain('ECONNREFUSED')
    for (const secret of ['hunter2', ...token.split('.')]) expect(heard[0]?.message).not.toContain(secret)
    expect(diagnostics.counters()['authkit_keys_unavailable']).toBe(3)
  })

  it.each<[string, Record<string, unknown>, Partial<AuthkitOptions>]>([
    ['issuers', {}, { issuers: ['https://elsewhere.test'] }],
    ['audience', { aud: 'https://other.test' }, {}],
  ])('is told that %s may be wrong, where a token is well signed', async (option, extra, options) => {
    const token = await issuer.sign({ ...claims, ...extra })
    const heard = await said(async () => {
      for (let round = 0; round < 3; round++) await outcome(authFor(options).verify(token))
    })
    expect(heard.map(({ message }) => message)).toEqual([expect.stringContaining(`\`${option}\``)])
    for (const secret of [issuer.issuer.slice(7) + '"', 'other.test', 'org_01ACME'])
      expect(JSON.stringify(heard)).not.toContain(secret)
  })

  it('is told nothing by tokens that anybody can make', async () => {
    const [, payload] = (await issuer.sign({ ...claims, aud: 'https://other.test' })).split('.')
    const forged = `${base64url({ alg: 'RS256', kid: 'key-1' })}.${payload}.${base64url('x'.repeat(256))}`
    const heard = await said(async () => expect(await outcome(auth.verify(forged))).toBe('signature_invalid'))
    expect(heard).toEqual([])
  })
})
