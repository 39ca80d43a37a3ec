import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OtlpSink, otlpSink, type ReceivedLogRecord, type ReceivedSpan } from '../support/otlp-sink.ts'
import { launchApp, runApp, type RunningApp } from '../support/run-app.ts'

const SERVER = 2

describe.each(['fastify', 'express', 'hono'])('signalbox/%s', (framework) => {
  let sink: OtlpSink
  let app: RunningApp
  let url: string

  beforeAll(async () => {
    sink = await otlpSink()
    app = launchApp('../../integrations/apps/http-service.ts', {
      env: {
        FRAMEWORK: framework,
        TELEMETRY_BACKENDS: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        TELEMETRY_BATCH_MAX_AGE: '50ms',
        TELEMETRY_IGNORE_PATHS: '/health',
        TELEMETRY_INSTRUMENTATIONS: 'http',
      },
    })
    url = `http://127.0.0.1:${(await app.line(/^listening (\d+)$/))[1]}`
  })

  afterAll(async () => {
    app.kill('SIGTERM')
    await sink.close()
  })

  interface Seen {
    readonly span: ReceivedSpan
    readonly line: ReceivedLogRecord
    readonly others: readonly ReceivedLogRecord[]
  }

  /** The SERVER span and the log records of the request with this id. */
  async function seen(requestId: string): Promise<Seen> {
    const isOwn = ({ attributes }: { attributes: ReceivedSpan['attributes'] }): boolean =>
      attributes['request.id'] === requestId
    const spans = (): ReceivedSpan[] => sink.spans().filter((span) => span.kind === SERVER && isOwn(span))
    const isLine = ({ attributes }: ReceivedLogRecord): boolean =>
      attributes['http.server.request.duration'] !== undefined
    const lines = (): ReceivedLogRecord[] => sink.logRecords().filter((record) => isOwn(record) && isLine(record))
    await sink.waitFor(() => spans().length > 0 && lines().length > 0)
    expect([spans().length, lines().length]).toEqual([1, 1])
    const others = sink.logRecords().filter((record) => isOwn(record) && !isLine(record))
    return { span: spans()[0]!, line: lines()[0]!, others }
  }

  async function get(
    path: string,
    headers: Record<string, string> = {},
    init: RequestInit = {},
  ): Promise<{ response: Response; text: string; requestId: string }> {
    const requestId = randomUUID()
    const response = await fetch(url + path, { ...init, headers: { 'x-request-id': requestId, ...headers } })
    return { response, text: await response.text(), requestId }
  }

  it('names the span by the route, mounts included, and writes one record', async () => {
    const { response, requestId } = await get('/api/notes/42?secret=1', { 'x-tenant': 'acme' })
    expect([response.status, response.headers.get('x-request-id')]).toEqual([200, requestId])
    const { span, line, others } = await seen(requestId)
    expect(span.name).toBe('GET /api/notes/:id')
    expect(span.attributes).toMatchObject({
      'http.route': '/api/notes/:id',
      'tenant.id': 'acme',
      'user.id': 'user-of-acme',
      'request.id': requestId,
    })
    expect(line.body).toBe('GET /api/notes/:id 200')
    expect([line.severityText.toLowerCase(), line.traceId, line.spanId]).toEqual(['info', span.traceId, span.spanId])
    expect(line.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/api/notes/:id',
      'url.path': '/api/notes/42',
      'http.response.status_code': 200,
      'tenant.id': 'acme',
    })
    expect(line.attributes['http.server.request.duration']).toBeGreaterThan(0)
    expect(line.attributes['http.server.request.duration']).toBeLessThan(20)
    expect(JSON.stringify(line)).not.toContain('secret')
    expect(others.map(({ body, attributes }) => [body, attributes['tenant.id']])).toEqual([['echoed', 'acme']])
  })

  it('mixes up no tenants of 100 requests at once, bodies and all', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const who = `tenant-${index % 7}`
        const headers = { 'x-tenant': who, 'content-type': 'application/json' }
        const sent = await get('/api/notes', headers, {
          method: 'POST',
          body: JSON.stringify({ index, pad: 'x'.repeat(index * 300) }),
        })
        return { ...sent, who }
      }),
    )
    for (const { text, who, requestId } of answers) {
      const { attributes } = JSON.parse(text) as { attributes: object }
      expect(attributes).toMatchObject({ 'tenant.id': who, 'request.id': requestId })
      const { span, line, others } = await seen(requestId)
      const tenants = [span, line, ...others].map((each) => each.attributes['tenant.id'])
      expect(tenants).toEqual([who, who, who])
      expect(span.name).toBe('POST /api/notes')
    }
  })

  it('answers for a resolver that refuses, lets no handler run, and says whose it is not', async () => {
    const { response, text, requestId } = await get('/api/notes/1', { 'x-tenant': 'refused' })
    expect([response.status, text]).toEqual([401, '{"error":"token_expired"}'])
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    const { span, line, others } = await seen(requestId)
    expect(line.attributes).toMatchObject({ 'error.type': 'token_expired', 'http.response.status_code': 401 })
    expect(line.severityText.toLowerCase()).toBe('warn')
    expect(others).toEqual([])
    expect([span.attributes['tenant.id'], line.attributes['tenant.id']]).toEqual([undefined, undefined])
    expect(JSON.stringify([span, line])).not.toContain('xyz-secret')
  })

  it('tells no caller and no record why the service cannot say whose request it is', async () => {
    const { response, text, requestId } = await get('/api/notes/1', { 'x-tenant': 'later' })
    expect([response.status, text]).toEqual([503, '{"error":"keys_unavailable"}'])
    const { span, line } = await seen(requestId)
    expect([line.severityText.toLowerCase(), line.attributes['error.type'], span.status.code]).toEqual([
      'error',
      'keys_unavailable',
      2,
    ])
    expect(JSON.stringify([span, line])).not.toContain('xyz-secret')
  })

  it('lets no handler run where the resolver breaks', async () => {
    const { response, requestId } = await get('/api/notes/1', { 'x-tenant': 'crash' })
    expect(response.status).toBe(500)
    const { span, line, others } = await seen(requestId)
    expect(span.events.map(({ attributes }) => attributes['exception.message'])).toEqual(['the resolver is broken'])
    expect([line.severityText.toLowerCase(), line.attributes['exception.message']]).toEqual([
      'error',
      'the resolver is broken',
    ])
    expect(others).toEqual([])
  })

  it('records what a handler throws, once, and a 4xx as an answer', async () => {
    const boom = await seen((await get('/api/boom', { 'x-tenant': 'acme' })).requestId)
    expect(boom.span.events.map(({ name, attributes }) => [name, attributes['exception.message']])).toEqual([
      ['exception', 'boom'],
    ])
    expect([boom.span.name, boom.span.status.code, boom.span.attributes['http.response.status_code']]).toEqual([
      'GET /api/boom',
      2,
      500,
    ])
    expect(boom.line.body).toBe('GET /api/boom 500')
    expect(boom.line.severityText.toLowerCase()).toBe('error')
    expect(boom.line.attributes).toMatchObject({
      'exception.type': 'Error',
      'exception.message': 'boom',
      'tenant.id': 'acme',
    })

    const teapot = await seen((await get('/api/teapot')).requestId)
    expect([teapot.span.status.code, teapot.span.events]).toEqual([0, []])
    expect([teapot.line.body, teapot.line.severityText.toLowerCase()]).toEqual(['GET /api/teapot 418', 'warn'])
  })

  it('has no route for what nothing matched', async () => {
    const { response, requestId } = await get('/nothing/here')
    expect(response.status).toBe(404)
    const { span, line } = await seen(requestId)
    expect([span.name, span.attributes['http.route'], line.attributes['http.route']]).toEqual([
      'GET',
      undefined,
      undefined,
    ])
    expect(line.body).toBe('GET /nothing/here 404')
  })

  it('waits for the end of a stream', async () => {
    const { text, requestId } = await get('/api/stream', { 'x-tenant': 'acme' })
    expect(text).toBe('abc')
    const { span, line } = await seen(requestId)
    expect([span.name, span.attributes['tenant.id'], line.body]).toEqual([
      'GET /api/stream',
      'acme',
      'GET /api/stream 200',
    ])
  })

  it('names a span whose response broke after its headers, and has the error once', async () => {
    const requestId = randomUUID()
    const answer = await fetch(`${url}/api/late/7`, { headers: { 'x-request-id': requestId, 'x-tenant': 'acme' } })
    await expect(answer.text()).rejects.toThrow(/terminated/)
    const { span, line } = await seen(requestId)
    expect([span.name, span.attributes['http.route'], span.attributes['tenant.id'], span.status.code]).toEqual([
      'GET /api/late/:id',
      '/api/late/:id',
      'acme',
      2,
    ])
    expect(span.attributes['error.type']).toBe('RangeError')
    expect(span.events.map(({ attributes }) => attributes['exception.message'])).toEqual(['the source is gone'])
    expect([line.body, line.severityText.toLowerCase()]).toEqual(['GET /api/late/:id aborted', 'error'])
    expect(line.attributes).toMatchObject({ 'error.type': 'RangeError', 'exception.message': 'the source is gone' })
  })

  it('answers HEAD and OPTIONS', async () => {
    const head = await get('/api/notes/1', {}, { method: 'HEAD' })
    expect([head.response.status, (await seen(head.requestId)).line.body]).toEqual([200, 'HEAD /api/notes/:id 200'])
    const options = await get('/api/notes/1', {}, { method: 'OPTIONS' })
    const { span, line } = await seen(options.requestId)
    expect([line.attributes['http.request.method'], span.name, span.attributes['http.route']]).toEqual([
      'OPTIONS',
      'OPTIONS',
      undefined,
    ])
  })

  it('keeps the requests of one connection apart', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<unknown>()
    for (const who of ['acme', undefined, 'globex', 'refused', undefined]) {
      const requestId = randomUUID()
      const headers = { 'x-request-id': requestId, ...(who !== undefined && { 'x-tenant': who }) }
      const request = httpRequest(`${url}/api/notes/1`, { agent, headers }).end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      ports.add(response.socket.localPort)
      response.resume()
      await once(response, 'close')
      const { span, line } = await seen(requestId)
      const expected = who === 'refused' ? undefined : who
      expect([span.attributes['tenant.id'], line.attributes['tenant.id']]).toEqual([expected, expected])
    }
    agent.destroy()
    expect(ports.size).toBe(1)
  })

  it('takes the id that came as baggage, if a header can hold it', async () => {
    const headers = { 'x-request-id': '' }
    const carried = await get('/api/notes/1', { ...headers, baggage: 'request.id=from-gateway' })
    expect(carried.response.headers.get('x-request-id')).toBe('from-gateway')
    await seen('from-gateway')
    const hostile = await get('/api/notes/1', { ...headers, baggage: 'request.id=%E2%9C%93' })
    expect(hostile.response.status).toBe(200)
    const made = hostile.response.headers.get('x-request-id') ?? ''
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
    expect((await seen(made)).span.attributes['request.id']).toBe(made)
  })

  it('records a request whose client left', async () => {
    const requestId = randomUUID()
    const client = httpRequest(`${url}/api/hang`, { headers: { 'x-request-id': requestId, 'x-tenant': 'acme' } })
    client.on('error', () => {})
    client.end()
    await once(client, 'socket')
    // The handler has been reached when a request sent after it has been answered.
    await get('/api/notes/1', { 'x-tenant': 'acme' })
    client.destroy()
    const { line, span } = await seen(requestId)
    expect([line.body, line.severityText.toLowerCase()]).toEqual(['GET /api/hang aborted', 'warn'])
    expect(line.attributes).toMatchObject({ 'error.type': 'aborted', 'tenant.id': 'acme' })
    expect(span.attributes['tenant.id']).toBe('acme')
  })

  it('makes an id where there is none that can be kept', async () => {
    for (const given of ['', 'no spaces', 'x'.repeat(129), 'a,b']) {
      const { response } = await get('/api/notes/1', { 'x-request-id': given })
      const id = response.headers.get('x-request-id') ?? ''
      expect(id).toMatch(/^[0-9a-f-]{36}$/)
      await seen(id)
    }
  })

  it('leaves no trace and no record of an ignored path', async () => {
    const { response, requestId } = await get('/health')
    expect(response.status).toBe(200)
    await seen((await get('/api/notes/1')).requestId)
    const isOwn = ({ attributes }: { attributes: ReceivedSpan['attributes'] }): boolean =>
      attributes['request.id'] === requestId
    expect([sink.spans().filter(isOwn), sink.logRecords().filter(isOwn)]).toEqual([[], []])
  })
})

describe.each(['fastify', 'express', 'hono'])('signalbox/%s in a process', (framework) => {
  const start = async (env: Record<string, string>, register = true): Promise<{ app: RunningApp; url: string }> => {
    const app = runApp('../../integrations/apps/http-service.ts', { env: { FRAMEWORK: framework, ...env }, register })
    return { app, url: `http://127.0.0.1:${(await app.line(/^listening (\d+)$/))[1]}` }
  }

  const post = async (url: string, index: number): Promise<void> => {
    const [who, requestId] = [`tenant-${index % 7}`, `request-${index}`]
    const answer = await fetch(`${url}/api/notes`, {
      method: 'POST',
      headers: { 'x-tenant': who, 'x-request-id': requestId, 'content-type': 'application/json' },
      body: JSON.stringify({ index, pad: 'x'.repeat(index * 300) }),
    })
    const { attributes } = (await answer.json()) as { attributes: object }
    expect(attributes).toEqual({ 'tenant.id': who, 'user.id': `user-of-${who}`, 'request.id': requestId })
  }

  it('mixes up no tenants without the http instrumentation either', async () => {
    const { app, url } = await start({ TELEMETRY_BACKENDS: 'console', TELEMETRY_INSTRUMENTATIONS: 'pino' })
    await Promise.all(Array.from({ length: 100 }, (_, index) => post(url, index)))
    app.kill('SIGTERM')
    await app.ended
    const lines = app.stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine)
    for (let index = 0; index < 100; index += 1) {
      const own = lines.filter(({ attributes }) => attributes['request.id'] === `request-${index}`)
      expect(own.map(({ body }) => body)).toEqual(['echoed', 'POST /api/notes 200'])
      expect(new Set(own.map(({ attributes }) => attributes['tenant.id']))).toEqual(new Set([`tenant-${index % 7}`]))
    }
  })

  it('writes no record where none is wanted', async () => {
    const { app, url } = await start({ TELEMETRY_BACKENDS: 'console', REQUEST_LOG: 'false' })
    await post(url, 1)
    app.kill('SIGTERM')
    await app.ended
    expect(app.stdout.filter((line) => line.includes('echoed')).length).toBeGreaterThan(0)
    expect(app.stdout.filter((line) => line.includes('POST /api/notes 200'))).toEqual([])
  })

  it('works where telemetry is not started', async () => {
    const { app, url } = await start({}, false)
    const answer = await fetch(`${url}/api/notes/42`, { headers: { 'x-tenant': 'acme', 'x-request-id': 'r1' } })
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, 'r1'])
    const refused = await fetch(`${url}/api/notes/42`, { headers: { 'x-tenant': 'refused' } })
    expect(refused.status).toBe(401)
    app.kill('SIGTERM')
    await app.ended
    expect(app.stderr).toEqual([expect.stringContaining('telemetry is not started')])
    expect(app.stdout.filter((line) => line.includes('GET /api/notes/:id 200'))).toHaveLength(1)
  })
})

interface LogLine {
  readonly body: string
  readonly attributes: Readonly<Record<string, unknown>>
}
