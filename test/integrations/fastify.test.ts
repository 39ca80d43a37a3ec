import { once } from 'node:events'
import { connect } from 'node:http2'
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyPluginCallback, type FastifyRequest } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { currentAttributes, tenant, withTenant } from '../../src/index.ts'
import { diagnostics } from '../../src/diagnostics.ts'
import { fastifyTelemetry, type HttpTelemetryOptions } from '../../src/integrations/fastify.ts'
import { localSdk } from '../support/local-sdk.ts'
import { recordKeeper, tenantNamed } from './http-kit.ts'

const byHeader = ({ headers }: FastifyRequest): ReturnType<typeof tenantNamed> => tenantNamed(headers['x-tenant'])

let keeper: ReturnType<typeof recordKeeper>
let app: FastifyInstance

beforeEach(async () => {
  keeper = recordKeeper()
  app = Fastify()
})

afterEach(() => app.close())

describe('with the SDK, without the http instrumentation', () => {
  let sdk: ReturnType<typeof localSdk>

  beforeEach(async () => {
    sdk = localSdk()
    await app.register(fastifyTelemetry, { logger: keeper.logger, tenant: byHeader })
  })

  afterEach(() => sdk.stop())

  it('has the route with its prefix, the tenant and the id, in a body’s handler and in the record', async () => {
    await app.register(
      async (api) => void api.post('/notes/:id', async (request) => [request.id, request.body, currentAttributes()]),
      { prefix: '/api' },
    )
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const [who, id] = [`t${index % 5}`, `r${index}`]
        const answer = await fetch(`${url}/api/notes/${index}?secret=1`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-tenant': who, 'x-request-id': id },
          body: JSON.stringify({ index }),
        })
        const attributes = { 'tenant.id': who, 'request.id': id }
        expect(await answer.json()).toEqual([id, { index }, attributes])
        const record = await keeper.of(id)
        expect(record).toMatchObject({ level: 'info', message: 'POST /api/notes/:id 200', attributes })
        expect(record.fields).toEqual({
          'http.request.method': 'POST',
          'http.route': '/api/notes/:id',
          'url.path': `/api/notes/${index}`,
          'http.response.status_code': 200,
          'http.server.request.duration': expect.any(Number),
        })
      }),
    )
  })

  it('counts an injected request as sent, and one whose stream broke as failed', async () => {
    app.get('/ok', () => 'ok')
    app.get('/broken', (_, reply) =>
      reply.send(
        Readable.from(
          (async function* () {
            yield 'begun'
            throw new RangeError('the source is gone')
          })(),
        ),
      ),
    )
    expect((await app.inject({ url: '/ok', headers: { 'x-request-id': 'one' } })).headers['x-request-id']).toBe('one')
    expect((await keeper.of('one')).message).toBe('GET /ok 200')
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const answer = await fetch(`${url}/broken`, { headers: { 'x-request-id': 'two' } })
    await expect(answer.text()).rejects.toThrow(/terminated/)
    expect(await keeper.of('two')).toMatchObject({
      level: 'warn',
      message: 'GET /broken aborted',
      fields: { 'error.type': 'aborted', 'http.response.status_code': 200 },
    })
  })

  it('does not take an error that becomes an answer for a failure, nor the other way round', async () => {
    class Missing extends Error {}
    app.setErrorHandler((error, _request, reply) => reply.code(error instanceof Missing ? 404 : 500).send({}))
    app.get('/missing', () => Promise.reject(new Missing('no such note')))
    app.get('/conflict', () => Promise.reject(Object.assign(new Error('odd'), { statusCode: 409 })))
    await app.inject({ url: '/missing', headers: { 'x-request-id': 'missing' } })
    await app.inject({ url: '/conflict', headers: { 'x-request-id': 'conflict' } })
    const missing = await keeper.of('missing')
    expect([missing.level, missing.message, missing.fields['err']]).toEqual(['warn', 'GET /missing 404', undefined])
    expect(await keeper.of('conflict')).toMatchObject({
      level: 'error',
      message: 'GET /conflict 500',
      fields: { 'error.type': '500', err: { name: 'Error', message: 'odd' } },
    })
  })

  it('has no route where nothing matched, in contexts with a handler of their own either', async () => {
    await app.register(
      async (api) => {
        api.setNotFoundHandler((_, reply) => reply.code(404).send('none'))
        api.get('/notes/:id', () => 'ok')
      },
      { prefix: '/api' },
    )
    for (const url of ['/other/42', '/api/other/42']) {
      const { statusCode } = await app.inject({ url, headers: { 'x-request-id': url } })
      expect(statusCode).toBe(404)
      const { fields, message } = await keeper.of(url)
      expect([fields['http.route'], message]).toEqual([undefined, `GET ${url} 404`])
    }
  })

  it('sets the header of a reply that is hijacked', async () => {
    app.get('/raw', (_, reply) => {
      reply.hijack()
      reply.raw.end('raw')
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const answer = await fetch(`${url}/raw`, { headers: { 'x-request-id': 'raw-1' } })
    expect([answer.headers.get('x-request-id'), await answer.text()]).toEqual(['raw-1', 'raw'])
    expect((await keeper.of('raw-1')).message).toBe('GET /raw 200')
  })

  it('asks a resolver of some of the routes too', async () => {
    await app.register(
      async (admin) => {
        await admin.register(fastifyTelemetry, { tenant: () => tenantNamed('refused') })
        admin.get('/secret', () => expect.unreachable())
      },
      { prefix: '/admin' },
    )
    app.get('/open', () => currentAttributes())
    await app.register(fastifyTelemetry, { logger: keeper.logger, tenant: byHeader })
    app.get('/after', () => currentAttributes())
    const secret = await app.inject({ url: '/admin/secret', headers: { 'x-tenant': 'acme', 'x-request-id': 'no' } })
    expect([secret.statusCode, secret.json()]).toEqual([403, { error: 'not_yours' }])
    const { attributes, level, fields } = await keeper.of('no')
    expect([attributes, level, fields['error.type']]).toEqual([{ 'request.id': 'no' }, 'warn', 'not_yours'])
    for (const url of ['/open', '/after']) {
      const answer = await app.inject({ url, headers: { 'x-tenant': 'acme', 'x-request-id': url } })
      expect(answer.json()).toEqual({ 'tenant.id': 'acme', 'request.id': url })
    }
    await keeper.of('/after')
    expect(keeper.all).toHaveLength(3)
  })

  it.each(['nothing', 'route'])('lets no handler run where the resolver throws %s', async (given) => {
    app.get('/', () => expect.unreachable())
    const { statusCode } = await app.inject({ url: '/', headers: { 'x-tenant': given, 'x-request-id': given } })
    expect(statusCode).toBe(500)
    expect(await keeper.of(given)).toMatchObject({
      level: 'error',
      fields: { err: { name: 'Error', message: 'the tenant option threw no error' } },
    })
  })

  it('refuses what is no tenant', async () => {
    await app.register(async (scope) => {
      await scope.register(fastifyTelemetry, { tenant: () => ({ 'tenant.id': 'forged' }) })
      scope.get('/', () => expect.unreachable())
    })
    expect((await app.inject({ url: '/', headers: { 'x-request-id': 'forged' } })).statusCode).toBe(500)
    expect((await keeper.of('forged')).attributes).toEqual({ 'request.id': 'forged' })
  })

  it('speaks HTTP/2', async () => {
    const own = Fastify({ http2: true })
    onTestFinished(() => own.close())
    await own.register(
      fastifyTelemetry as unknown as FastifyPluginCallback<HttpTelemetryOptions<FastifyRequest>, typeof own.server>,
      {
        logger: keeper.logger,
      },
    )
    own.get('/notes/:id', async () => 'ok')
    own.get('/hang', () => new Promise(() => {}))
    const session = connect(await own.listen({ port: 0, host: '127.0.0.1' }))
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/notes/42', 'x-request-id': 'h2' })
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect([headers[':status'], headers['x-request-id']]).toEqual([200, 'h2'])
    expect((await keeper.of('h2')).message).toBe('GET /notes/:id 200')
    const left = session.request({ ':path': '/hang', 'x-request-id': 'left' })
    const reached = session.request({ ':path': '/notes/1' })
    await once(reached, 'response')
    left.close()
    expect((await keeper.of('left')).message).toBe('GET /hang aborted')
  })

  it('is not disturbed by a logger that throws', async () => {
    diagnostics.reset()
    const own = Fastify()
    onTestFinished(() => own.close())
    const fails = (): never => {
      throw new Error('disk full')
    }
    await own.register(fastifyTelemetry, { logger: { info: fails, warn: fails, error: fails } })
    own.get('/', () => 'ok')
    const url = await own.listen({ port: 0, host: '127.0.0.1' })
    for (let index = 0; index < 3; index += 1) expect(await (await fetch(url)).text()).toBe('ok')
    await own.close()
    expect(diagnostics.counters()).toEqual({ request_records_failed: 3 })
  })

  it('leaves a request alone that is injected by the handler of another', async () => {
    app.get('/inner', () => currentAttributes())
    app.get('/outer', async () => {
      const inner = await app.inject({ url: '/inner', headers: { 'x-tenant': 'globex' } })
      return { inner: inner.json(), outer: currentAttributes() }
    })
    const answer = await withTenant(tenant({ id: 'nobody' }), () =>
      app.inject({ url: '/outer', headers: { 'x-tenant': 'acme', 'x-request-id': 'o' } }),
    )
    expect(answer.json()).toMatchObject({
      inner: { 'tenant.id': 'globex' },
      outer: { 'tenant.id': 'acme', 'request.id': 'o' },
    })
  })
})

describe('without telemetry', () => {
  it('works, and says once that it is not started', async () => {
    diagnostics.reset()
    const said: string[] = []
    onTestFinished(diagnostics.listen(({ message }) => said.push(message)))
    await app.register(fastifyTelemetry, { logger: keeper.logger, tenant: byHeader })
    app.get('/notes/:id', (request) => request.id)
    const send = async (who: string): Promise<{ body: string; statusCode: number }> =>
      app.inject({ url: '/notes/42', headers: { 'x-tenant': who, 'x-request-id': 'same' } })
    const [first, second, refused] = [await send('acme'), await send('globex'), await send('refused')]
    expect([first.body, second.statusCode, refused.statusCode]).toEqual(['same', 200, 403])
    const records = await keeper.count(3)
    expect(records.map(({ message }) => message)).toEqual([
      'GET /notes/:id 200',
      'GET /notes/:id 200',
      'GET /notes/:id 403',
    ])
    expect(said).toEqual([expect.stringMatching(/^telemetry is not started/)])
    expect(diagnostics.counters()).toEqual({})
  })

  it('fails to register with options that are wrong', async () => {
    const wrong = { tennant: byHeader } as object
    await expect(app.register(fastifyTelemetry, wrong)).rejects.toMatchObject({ code: 'ERR_OPTIONS_INVALID' })
  })
})
