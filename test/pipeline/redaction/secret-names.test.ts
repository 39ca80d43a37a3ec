import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../../src/logging/redact.ts'
import { Redactor } from '../../../src/pipeline/redaction/redactor.ts'
import { spanOf } from '../../support/telemetry-items.ts'

const redactLine = createRedactor()

function masked(attributes: Record<string, unknown>): unknown[] {
  const span: ReadableSpan = { ...spanOf('work'), attributes }
  new Redactor({ keys: [], safeKeys: [], patterns: {} }).span(span)
  return Object.keys(attributes).filter((key) => span.attributes[key] !== attributes[key])
}

describe('a name is found as whole words', () => {
  it.each([
    'APIKey',
    'x-api-key',
    'myAPIKEY',
    'JWTToken',
    'oauth2token',
    'sentryDSN',
    'accesstoken',
    'PGPASSWORD',
    'dbpassword',
    'passwordHash',
    'password_hash',
    'refresh_token_value',
    'config.secret_value',
    'db.password.value',
    'DB_PWD',
    'dbPwd',
    'pwd',
    'tokens',
    'refreshTokens',
    'aws_secret_access_key',
    'session key',
  ])('%s', (name) => {
    expect(masked({ [name]: 'correct horse' })).toEqual([name])
    expect(redactLine(`{"${name}":"correct horse"}`)).toBe(`{"${name}":"[Redacted]"}`)
  })

  it.each([
    'landsn',
    'PWD',
    'env.OLDPWD',
    'preauthorization',
    'max_tokens',
    'totalTokens',
    'tokens_used',
    'llm.token_count',
    'value',
    'commit.hash',
    'broken',
    'passwordPolicy',
  ])('and not in %s', (name) => {
    expect(masked({ [name]: 'correct horse' })).toEqual([])
    expect(redactLine(`{"${name}":"correct horse"}`)).toBe(`{"${name}":"correct horse"}`)
  })
})

it('numbers under names of counts stay, and those under names of secrets do not', () => {
  const counts = { 'gen_ai.response.time_to_first_token': 0.42, max_token: 100, maxToken: 1, per_token: 2, tokens: 512 }
  expect(masked(counts)).toEqual([])
  expect(redactLine(JSON.stringify(counts))).toBe(JSON.stringify(counts))
  expect(masked({ token: 123_456, super_token: 1, password: 1, dbPwd: 2n })).toEqual([
    'token',
    'super_token',
    'password',
    'dbPwd',
  ])
})

it('lists of secrets and bytes are secrets as well, however many and however deep', () => {
  const many = Array.from({ length: 1_500 }, () => 'plain')
  expect(masked({ tokens: ['a'], 'key.secret': Buffer.from('a'), many: [...many, 'password=hunter2'] })).toEqual([
    'tokens',
    'key.secret',
    'many',
  ])
  const nested = (depth: number, inner: unknown): unknown => (depth === 0 ? inner : { a: nested(depth - 1, inner) })
  expect(masked({ deep: nested(30, { password: 'hunter2' }), deeper: nested(60, 'x'), flat: nested(30, 'x') })).toEqual(
    ['deep', 'deeper'],
  )
})

it('lines and attributes agree on what a secret name is', () => {
  const words =
    'max first api Api API key Key KEY token Token TOKEN tokens pwd PWD Pwd dsn Dsn DSN secret Password hash'
  const parts = `${words} value Value old OLD x lan 2 session Unit _ - . _ - .`.split(' ')
  const part = fc.constantFrom(...parts)
  const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(name, fc.constantFrom<unknown>('plain', 12), (key, value) => {
      const line = redactLine(JSON.stringify({ [key]: value }))
      expect([key, line.includes('[Redacted]')]).toEqual([key, masked({ [key]: value }).length > 0])
    }),
    { numRuns: 2_000 },
  )
})
