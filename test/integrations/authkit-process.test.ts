import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JwksIssuer, startJwksIssuer } from '../support/jwks-issuer.ts'
import { type OtlpSink, otlpSink, type ReceivedLogRecord, type ReceivedSpan } from '../support/otlp-sink.ts'
import { launchApp, type RunningApp } from '../support/run-app.ts'

const claims = { sub: 'user_01ANN', org_id: 'org_01ACME', email: 'ann@acme.test', sid: 'session_01XYZ' }

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

describe('a service that lets in who has a good token', () => {
  let issuer: JwksIssuer
  let sink: OtlpSink
  let app: RunningApp
  let url: string

  beforeAll(async () => {
    issuer = await startJwksIssuer()
    sink = await otlpSink()
    app = launchApp('../../integrations/apps/authkit-service.ts', {
      env: {
        TELEMETRY_BACKENDS: 'otlp,console',
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        TELEMETRY_BATCH_MAX_AGE: '50ms',
        TELEMETRY_INSTRUMENTATIONS: 'http,undici',
        TELEMETRY_EDGE: 'true',
        JWKS_URL: issuer.jwksUrl,
        ISSUER: issuer.issuer,
      },
    })
    url = `http://127.0.0.1:${(await app.line(/^listening (\d+)$/))[1]}`
  })

  afterAll(async () => {
    app.kill('SIGTERM')
    await Promise.all([sink.close(), issuer.close()])
  })

  /** Raw, since fetch joins what is sent twice. */
  async function get(authorization: readonly string[], path = '/'): Promise<Answer> {
    const sent = httpRequest(url + path)
    if (authorization.length > 0) sent.setHeader('authorization', authorization)
    sent.setHeader('baggage', 'tenant.id=org_01FORGED')
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
  }

  interface Seen {
    readonly spans: readonly ReceivedSpan[]
    readonly records: readonly ReceivedLogRecord[]
  }

  /** All spans and log records of the trace that the request to this path began. */
  async function seen(path: string): Promise<Seen> {
    const root = (): ReceivedSpan | undefined =>
      sink.spans().find(({ attributes, kind }) => kind === 2 && attributes['url.path'] === path)
    const records = (): ReceivedLogRecord[] => sink.logRecords().filter(({ traceId }) => traceId === root()?.traceId)
    await sink.waitFor(() => root() !== undefined && records().length > 0)
    return { spans: sink.spans().filter(({ traceId }) => traceId === root()?.traceId), records: records() }
  }

  it('fetches the keys outside of the trace of the request, and takes nothing of it along', async () => {
    const { status, body } = await get([`Bearer ${await issuer.sign(claims)}`], '/first')
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { 'tenant.id': 'org_01ACME', 'user.id': 'user_01ANN', 'user.email': 'ann@acme.test' },
    ])
    const { spans, records } = await seen('/first')
    expect(spans.map(({ kind }) => kind)).toEqual([2])
    expect([...spans, ...records].map(({ attributes }) => attributes['tenant.id'])).toEqual([
      'org_01ACME',
      'org_01ACME',
    ])
    expect(issuer.asked.length).toBe(1)
    for (const name of ['authorization', 'baggage', 'traceparent', 'cookie'])
      expect(issuer.asked[0]).not.toHaveProperty(name)
  })

  it('says why it refuses, names no tenant, and lets nothing of a token out', async () => {
    const good = await issuer.sign(claims)
    const [header = '', payload = '', signature = ''] = good.split('.')
    const { privateKey } = await generateKeyPair('RS256')
    const secret = new TextEncoder().encode(await issuer.publicKeyPem())
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    const cases: readonly (readonly [code: string, ...authorization: string[]])[] = [
      ['token_missing'],
      ['token_malformed', `Basic ${Buffer.from('ann@acme.test:hunter2').toString('base64')}`],
      ['token_malformed', `Bearer ${payload}`],
      ['token_malformed', `Bearer ${good}`, `Bearer ${good}`],
      ['signature_invalid', `Bearer ${header}.${'A'.repeat(9_000)}.${signature}`],
      ['token_expired', `Bearer ${await issuer.sign(claims, { expiresInSeconds: -60 })}`],
      ['token_not_yet_valid', `Bearer ${await issuer.sign(claims, { notBeforeSeconds: 60 })}`],
      ['signature_invalid', `Bearer ${await issuer.sign(claims, { key: privateKey })}`],
      ['signature_invalid', `Bearer ${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`],
      ['key_unknown', `Bearer ${await issuer.sign(claims, { kid: 'key-made-up' })}`],
      ['algorithm_not_allowed', `Bearer ${none}`],
      ['algorithm_not_allowed', `Bearer ${await issuer.sign(claims, { algorithm: 'HS256', key: secret })}`],
      ['issuer_not_allowed', `Bearer ${await issuer.sign(claims, { issuer: 'https://evil.test' })}`],
      ['audience_not_allowed', `Bearer ${await issuer.sign({ ...claims, aud: 'https://other.test' })}`],
      ['claim_missing', `Bearer ${await issuer.sign({ ...claims, org_id: undefined })}`],
      ['claim_invalid', `Bearer ${await issuer.sign({ ...claims, email: 'ann@acme.test\n{"level":60}' })}`],
      ['claim_invalid', `Bearer ${await issuer.sign({ ...claims, plan: 'plan_01SECRET' })}`],
    ]
    for (const [index, [code, ...authorization]] of cases.entries()) {
      const answer = await get(authorization, `/refused/${index}`)
      expect([index, answer.status, answer.body]).toEqual([index, 401, `{"error":"${code}"}`])
      expect(answer.headers['www-authenticate']).toMatch(code === 'token_missing' ? /^Bearer$/ : /^Bearer error=/)
      const { spans, records } = await seen(`/refused/${index}`)
      expect(records.map(({ body, attributes }) => [body, attributes['error.type']])).toEqual([['refused', code]])
      expect([...spans, ...records].map(({ attributes }) => attributes['tenant.id'])).toEqual([undefined, undefined])
    }

    const letIn = sink.logRecords().filter(({ body }) => body === 'let in')
    const isRefused = (text: string): boolean => !letIn.some(({ traceId }) => text.includes(traceId))
    const received = [...sink.spans(), ...sink.logRecords()].map((each) => JSON.stringify(each))
    const left = [...received, ...app.stdout, ...app.stderr].filter(isRefused).join('\n')
    for (const [code] of cases) expect(left).toContain(code)
    const parts = cases.flatMap(([, ...given]) => given).flatMap((each) => each.split(/[ .]/))
    const values = [
      'user_01ANN',
      'ann@acme',
      'session_01XYZ',
      'evil.test',
      'other.test',
      'plan_01SECRET',
      'key-made-up',
    ]
    const secrets = [...values, 'org_01', ...parts.filter((each) => each.length > 8).map((each) => each.slice(0, 40))]
    expect(secrets.filter((secret) => left.includes(secret))).toEqual([])
  })

  it('answers 503 and lets nobody in while the keys are out of reach, and says so on stderr', async () => {
    const dark = await startJwksIssuer()
    const own = launchApp('../../integrations/apps/authkit-service.ts', {
      env: { TELEMETRY_BACKENDS: 'console', JWKS_URL: dark.jwksUrl, ISSUER: dark.issuer },
    })
    const port = (await own.line(/^listening (\d+)$/))[1]
    dark.answer('error')
    const ask = async (): Promise<[number, string | null, string]> => {
      const headers = { authorization: `Bearer ${await dark.sign(claims)}` }
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers })
      return [answer.status, answer.headers.get('www-authenticate'), await answer.text()]
    }
    expect(await ask()).toEqual([503, null, '{"error":"keys_unavailable"}'])
    dark.answer('keys')
    expect((await ask())[0]).toBe(200)
    own.kill('SIGTERM')
    await own.ended
    await dark.close()
    expect(own.stderr.filter((line) => line.includes('authkit()'))).toEqual([
      expect.stringContaining(`the keys at ${dark.jwksUrl} cannot be fetched`),
    ])
  })
})
