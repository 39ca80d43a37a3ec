import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/logging/redact.ts'

const redact = createRedactor()
const redacted = (value: unknown, paths: readonly string[] = []): unknown =>
  JSON.parse(createRedactor(paths)(JSON.stringify(value)))

describe('default names', () => {
  const secret = [
    'password',
    'PASSWORD',
    'dbPassword',
    'db_password',
    'passwd',
    'pwd',
    'passphrase',
    'secret',
    'client_secret',
    'clientSecret',
    'webhook-secret',
    'token',
    'access_token',
    'refreshToken',
    'id_token',
    'x-csrf-token',
    'api_key',
    'apiKey',
    'apikey',
    'x-api-key',
    'X-API-KEY',
    'secretAccessKey',
    'private_key',
    'authorization',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'Set-Cookie',
    'credential',
    'credentials',
    'jwt',
    'session_token',
    'connectionString',
    'dsn',
  ]
  it.each(secret)('%s is censored at any depth', (name) => {
    expect(redacted({ [name]: 's3cret' })).toEqual({ [name]: '[Redacted]' })
    expect(redacted({ a: { b: [{ [name]: { deep: ['s3cret'] } }] }, after: 1 })).toEqual({
      a: { b: [{ [name]: '[Redacted]' }] },
      after: 1,
    })
  })

  it.each([
    'max_tokens',
    'input_tokens',
    'token_count',
    'passwordless',
    'secretary',
    'cookiePolicy',
    'key',
    'landsn',
    'PWD',
  ])('%s is left alone', (name) => {
    expect(redacted({ [name]: 'plain' })).toEqual({ [name]: 'plain' })
  })

  it('leaves null and booleans, which give nothing away, and censors numbers', () => {
    expect(redacted({ password: null, token: true, secret: false, pwd: 1234 })).toEqual({
      password: null,
      token: true,
      secret: false,
      pwd: '[Redacted]',
    })
  })

  it('leaves what is counted in tokens, and maps of it; tokens themselves are censored', () => {
    const counts = { tokens: 12, max_token: 100, time_to_first_token: 0.4, usage: { tokens: { input: 1, output: 2 } } }
    expect(redacted({ ...counts, vector: { tokens: [1, 2] } })).toEqual({ ...counts, vector: { tokens: [1, 2] } })
    expect(redacted({ tokens: ['a', 'b'], a: { tokens: 'c', max_token: 'd' }, b: { tokens: { token: 'e' } } })).toEqual(
      {
        tokens: '[Redacted]',
        a: { tokens: '[Redacted]', max_token: '[Redacted]' },
        b: { tokens: { token: '[Redacted]' } },
      },
    )
  })

  it('is not misled by keys and colons inside strings', () => {
    const value = { msg: 'he said "password": "x"', list: [':', 'token'], token: 'a"b\\', next: '":"' }
    expect(redacted(value)).toEqual({ ...value, token: '[Redacted]' })
  })

  it('keeps everything else of the text as it is, numbers beyond doubles and line ends included', () => {
    expect(redact('{"id":12345678901234567890,"token": "x" ,"z":1.0}\r\n')).toBe(
      '{"id":12345678901234567890,"token": "[Redacted]" ,"z":1.0}\r\n',
    )
  })

  it('censors every one of a repeated key', () => {
    expect(redact('{"password":"a","password":"b"}')).toBe('{"password":"[Redacted]","password":"[Redacted]"}')
  })
})

describe('further paths', () => {
  it('censors a bare name at any depth, exactly that name', () => {
    expect(redacted({ ssn: 1, a: { SSN: '2', 'tax-id': 3 }, myssn: 4 }, ['ssn', 'taxId'])).toEqual({
      ssn: '[Redacted]',
      a: { SSN: '[Redacted]', 'tax-id': '[Redacted]' },
      myssn: 4,
    })
  })

  it("understands pino's path syntax", () => {
    const value = { a: { b: { c: 1, d: 2 } }, items: [{ n: 1 }, { n: 2 }], 'x-y': { z: 1 }, o: { p: 1, q: [2] } }
    expect(redacted(value, ['a.b.c', 'items[*].n', '["x-y"].z', 'o.*'])).toEqual({
      a: { b: { c: '[Redacted]', d: 2 } },
      items: [{ n: '[Redacted]' }, { n: '[Redacted]' }],
      'x-y': { z: '[Redacted]' },
      o: { p: '[Redacted]', q: '[Redacted]' },
    })
    expect(redacted({ n: 1, a: { n: 1 }, b: { c: { n: 1 } } }, ['*.n'])).toEqual({
      n: 1,
      a: { n: '[Redacted]' },
      b: { c: { n: 1 } },
    })
    expect(redacted({ items: [1, 2, 3] }, ['items[1]'])).toEqual({ items: [1, '[Redacted]', 3] })
  })

  it('ignores a path without a segment', () => {
    expect(redacted({ a: 1, '': 2 }, ['', '.', '_', '[]'])).toEqual({ a: 1, '': 2 })
  })

  it('takes names with characters that mean something elsewhere', () => {
    expect(redacted({ 'a+b': 1, c$: 2, 'd(e': 3, 'ä ö': 4, aab: 5 }, ['a+b', 'c$', 'd(e', '["ä ö"]'])).toEqual({
      'a+b': '[Redacted]',
      c$: '[Redacted]',
      'd(e': '[Redacted]',
      'ä ö': '[Redacted]',
      aab: 5,
    })
  })
})

describe('properties', () => {
  it('changes nothing where there is no secret name', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        fc.pre(!/pass|pwd|secret|token|key|auth|cookie|cred|conn|dsn|jwt/i.test(json))
        expect(redact(json)).toBe(json)
      }),
    )
  })

  it('finds the secret wherever it stands, and touches nothing else', () => {
    const name = fc.constantFrom('password', 'api_key', 'Authorization', 'user-token')
    const plain = fc.jsonValue({ maxDepth: 3 })
    fc.assert(
      fc.property(name, plain, plain, plain, (key, secret, before, after) => {
        fc.pre(secret !== null && typeof secret !== 'boolean')
        fc.pre(!/pass|pwd|secret|token|key|auth|cookie|cred|conn|dsn|jwt/i.test(JSON.stringify([before, after])))
        const value = { before, in: [{ [key]: secret, after }] }
        expect(redacted(value)).toEqual(JSON.parse(JSON.stringify({ before, in: [{ [key]: '[Redacted]', after }] })))
      }),
    )
  })

  it('agrees with a walk over the parsed value for paths', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))), (value) => {
        const clean = createRedactor(['*.*'])(JSON.stringify(value))
        const expected = Object.entries(value).map(([key, inner]) => [
          key,
          Object.fromEntries(
            Object.entries(inner).map(([name, v]) => [name, v === null || typeof v === 'boolean' ? v : '[Redacted]']),
          ),
        ])
        expect(JSON.parse(clean)).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))))
      }),
    )
  })

  it('never throws and always ends, whatever the text', () => {
    const everything = createRedactor(['ssn', 'a.b', '*.*', '*[*].c'])
    fc.assert(fc.property(fc.string(), (text) => typeof everything(text) === 'string'))
    fc.assert(
      fc.property(fc.json(), fc.nat(), (json, cut) => {
        expect(typeof everything(json.slice(0, cut % (json.length + 1)))).toBe('string')
      }),
    )
    for (const text of [
      '{"a":{"b"',
      '{"a":{"b":',
      '{"a":{"b":"',
      '[{',
      '{"token":',
      '{"token":"',
      '{,}',
      '{"a" "b"}',
    ]) {
      expect(typeof everything(text)).toBe('string')
    }
  })
})
