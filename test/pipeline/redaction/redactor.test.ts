import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Redactor, type RedactionOptions } from '../../../src/pipeline/redaction/redactor.ts'
import { recordOf, spanOf } from '../../support/telemetry-items.ts'

const redactorOf = (options: Partial<RedactionOptions> = {}): Redactor =>
  new Redactor({ keys: [], safeKeys: [], patterns: {}, ...options })

const attributesOf = (attributes: Record<string, unknown>, options: Partial<RedactionOptions> = {}) => {
  const span: ReadableSpan = { ...spanOf('work'), attributes }
  redactorOf(options).span(span)
  return span.attributes
}

const textOf = (text: string, options: Partial<RedactionOptions> = {}): unknown =>
  redactorOf(options).record({ ...recordOf(text) }).body

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P'

describe('a value is a secret by its name', () => {
  it.each([
    'password',
    'db.password',
    'dbPassword',
    'DB_PASSWORD',
    'http.request.header.authorization',
    'http.request.header.x-api-key',
    'http.request.header.cookie',
    'http.response.header.set-cookie',
    'stripe.apiKey',
    'access_token',
    'x-csrf-token',
    'client_secret',
  ])('%s', (key) => {
    expect(attributesOf({ [key]: 'correct horse', other: 1 })).toEqual({
      [key]: '[Redacted]',
      other: 1,
      'redaction.masked.keys': key,
    })
  })

  it.each([
    'author',
    'authors',
    'session.id',
    'session_count',
    'token_count',
    'gen_ai.usage.input_tokens',
    'secretary',
    'cookie_banner',
    'passwordless',
    'tenant.id',
    'user.id',
  ])('but not that of %s', (key) => {
    expect(attributesOf({ [key]: 'correct horse' })).toEqual({ [key]: 'correct horse' })
  })

  it('whatever it is, but for what gives nothing away', () => {
    expect(
      attributesOf({
        token: 1_234,
        password: ['a', 'b'],
        secret: { of: 'mine', n: 1 },
        cookie: true,
        jwt: '',
        pwd: null,
      }),
    ).toEqual({
      token: '[Redacted]',
      password: ['[Redacted]', '[Redacted]'],
      secret: { of: '[Redacted]', n: '[Redacted]' },
      cookie: true,
      jwt: '',
      pwd: null,
      'redaction.masked.keys': 'token,password,secret.of,secret.n',
    })
  })

  it('also inside maps and lists, to which nothing is done that are the application`s own', () => {
    const order = { lines: [{ sku: 'a', token: 'abc' }], card: { number: 1 } }
    expect(attributesOf({ order })).toEqual({
      order: { lines: [{ sku: 'a', token: '[Redacted]' }], card: { number: 1 } },
      'redaction.masked.keys': 'order.lines.token',
    })
    expect(order.lines[0]?.token).toBe('abc')
  })

  it('also by names of the user`s own, and not where the user says that it is none', () => {
    const options = { keys: ['pin'], safeKeys: ['next_page_token', 'public.*'] }
    expect(
      attributesOf(
        { card_pin: '1234', cardPin: '5', spin: 'x', next_page_token: 'abc', 'public.key': jwt, spinner: 'y' },
        options,
      ),
    ).toEqual({
      card_pin: '[Redacted]',
      cardPin: '[Redacted]',
      spin: 'x',
      next_page_token: 'abc',
      'public.key': jwt,
      spinner: 'y',
      'redaction.masked.keys': 'card_pin,cardPin',
    })
  })
})

describe('a text is without', () => {
  const vendor = (prefix: string, length: number): string => `${prefix}${'aB3dE5gH7j'.repeat(10).slice(0, length)}`

  it.each([
    ['a JSON web token', `got ${jwt} from it`, 'got [Redacted: jwt] from it'],
    ['a header', `Authorization: Bearer ${vendor('', 30)}`, 'Authorization: Bearer [Redacted: authorization]'],
    ['basic credentials', 'sent basic dXNlcjpodW50ZXIyMzQ=', 'sent basic [Redacted: authorization]'],
    [
      'a password in an address',
      'postgres://ann:hunter2@db:5432/x',
      'postgres://ann:[Redacted: url_credentials]@db:5432/x',
    ],
    ['one without a user', 'redis://:hunter2@cache', 'redis://:[Redacted: url_credentials]@cache'],
    ['a parameter', 'GET /x?id=1&access_token=abc123&y=2', 'GET /x?id=1&access_token=[Redacted: token]&y=2'],
    ['a setting', "host=db password='hunter2' user=ann", "host=db password='[Redacted: password]' user=ann"],
    ['a member of JSON', '{"user":"ann","apiKey": "abc"}', '{"user":"ann","apiKey": "[Redacted: apikey]"}'],
    [
      'a text with spaces',
      '{"password":"my own \\"secret\\" phrase","a":1}',
      '{"password":"[Redacted: password]","a":1}',
    ],
    [
      'JSON inside JSON',
      '{"body":"{\\"password\\":\\"my phrase\\",\\"a\\":1}"}',
      '{"body":"{\\"password\\":\\"[Redacted: password]\\",\\"a\\":1}"}',
    ],
    ['a setting without quotes', 'user=ann password=hunter2 host=db', 'user=ann password=[Redacted: password] host=db'],
    ['a token of Grafana', `is ${vendor('glc_', 40)}.`, 'is [Redacted: grafana_token].'],
    ['a token of Logfire', `is ${vendor('pylf_v1_eu_', 40)}`, 'is [Redacted: logfire_token]'],
    ['a token of GitHub', `is ${vendor('ghp_', 36)}`, 'is [Redacted: github_token]'],
    ['a key of AWS', 'is AKIAABCDEFGHIJKLMNOP', 'is [Redacted: aws_access_key]'],
    ['a token of Slack', `is ${vendor('xoxb-', 30)}`, 'is [Redacted: slack_token]'],
    ['a key of Stripe or WorkOS', `is ${vendor('sk_live_', 24)}`, 'is [Redacted: api_key]'],
    ['a key of Anthropic', `is ${vendor('sk-ant-', 40)}`, 'is [Redacted: api_key]'],
    ['a token of npm', `is ${vendor('npm_', 36)}`, 'is [Redacted: npm_token]'],
    ['a token of Fly', `is FlyV1 ${vendor('fm2_', 60)}`, 'is FlyV1 [Redacted: fly_token]'],
    [
      'a private key',
      'a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb',
      'a\n[Redacted: private_key]\nb',
    ],
    ['one that was cut off', '-----BEGIN PRIVATE KEY-----\nMIIE', '[Redacted: private_key]'],
  ])('%s', (_, text, redacted) => {
    expect(textOf(text)).toBe(redacted)
    expect(textOf(redacted)).toBe(redacted)
  })

  it.each([
    'Basic authentication is required, Bearer authentication as well',
    'the password is wrong',
    'token expired',
    'password: must be longer than 8 characters',
    'SELECT * FROM users WHERE password = $1 AND token = ? AND secret=:secret',
    'author=ann, session_count=3, cookies accepted',
    'https://example.com/a@b?x=1',
    'mailto:ann@example.com',
    'at Object.<anonymous> (/srv/app/index.js:1:2)',
    'sk-learn, xoxo, npm_config, task-runner-with-a-long-name',
  ])('and this is left as it is: %s', (text) => {
    expect(textOf(text)).toBe(text)
  })

  it('what has a form that the user gave, by its name', () => {
    const patterns = { iban: String.raw`\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b` }
    expect(textOf('paid from DE89370400440532013000 today', { patterns })).toBe('paid from [Redacted: iban] today')
  })
})

describe('a span', () => {
  it('is looked through: attributes, events, links, status', () => {
    const span: ReadableSpan = {
      ...spanOf('work'),
      attributes: { 'tenant.id': 'acme', 'url.full': 'https://x.test/?token=abc' },
      events: [
        { name: 'exception', time: [1, 0], attributes: { 'exception.message': `bad ${jwt}` } },
        { name: 'plain', time: [1, 0] },
      ],
      links: [{ context: spanOf('other').spanContext(), attributes: { password: 'x' } }],
      status: { code: SpanStatusCode.ERROR, message: 'postgres://ann:hunter2@db is away' },
    }
    redactorOf().span(span)
    expect(span.attributes).toEqual({
      'tenant.id': 'acme',
      'url.full': 'https://x.test/?token=[Redacted: token]',
      'redaction.masked.keys': 'url.full,exception.message,password,status.message',
    })
    expect(span.events.map(({ attributes }) => attributes)).toEqual([
      { 'exception.message': 'bad [Redacted: jwt]' },
      undefined,
    ])
    expect(span.links[0]?.attributes).toEqual({ password: '[Redacted]' })
    expect(span.status).toEqual({
      code: SpanStatusCode.ERROR,
      message: 'postgres://ann:[Redacted: url_credentials]@db is away',
    })
  })

  it('keeps its very attributes where they have no secret', () => {
    const attributes = { 'tenant.id': 'acme', 'url.full': 'https://x.test/?a=1', lines: 3 }
    expect(attributesOf(attributes)).toBe(attributes)
  })
})

describe('a log record', () => {
  it('is copied where it has a secret, and is itself where it has none', () => {
    const record: ReadableLogRecord = {
      ...recordOf('plain', 9),
      attributes: { a: 1 },
      eventName: 'said',
      spanContext: spanOf('x').spanContext(),
    }
    expect(redactorOf().record(record)).toBe(record)
    const secret = { ...record, body: { user: 'ann', password: 'x' }, severityText: 'info' }
    expect(redactorOf().record(secret)).toEqual({
      ...secret,
      body: { user: 'ann', password: '[Redacted]' },
      attributes: { a: 1, 'redaction.masked.keys': 'body.password' },
    })
    expect(secret.body.password).toBe('x')
  })
})

describe('any text', () => {
  it('keeps what stands around a secret, and loses the secret', () => {
    const around = fc.stringMatching(/^[a-z .,]{0,60}$/)
    const secret = fc.stringMatching(/^[A-Z][a-z0-9]{20,60}=$/)
    fc.assert(
      fc.property(around, secret, around, (before, value, after) => {
        expect(textOf(`${before} Bearer ${value} ${after}`)).toBe(`${before} Bearer [Redacted: authorization] ${after}`)
        expect(textOf(`${before} token="${value}" ${after}`)).toBe(`${before} token="[Redacted: token]" ${after}`)
        expect(textOf(`${before} x://u:${value}@h ${after}`)).toBe(
          `${before} x://u:[Redacted: url_credentials]@h ${after}`,
        )
      }),
    )
  })
})
