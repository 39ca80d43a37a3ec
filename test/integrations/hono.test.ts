import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { currentAttributes } from '../../src/index.ts'
import { honoTelemetry } from '../../src/integrations/hono.ts'
import { localSdk } from '../support/local-sdk.ts'
import { recordKeeper, serving, tenantNamed, throwAny } from './http-kit.ts'

const byHeader = (c: Context): ReturnType<typeof tenantNamed> => tenantNamed(c.req.header('x-tenant'))

let sdk: ReturnType<typeof localSdk>
let keeper: ReturnType<typeof recordKeeper>
let app: Hono

beforeEach(() => {
  sdk = localSdk()
  keeper = recordKeeper()
  app = new Hono()
  app.use(honoTelemetry({ logger: keeper.logger, tenant: byHeader }))
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text('failed', 500)))
})

afterEach(() => sdk.stop())

function listener(): RequestListener {
  const listen = getRequestListener(app.fetch)
  return (request, response) => void listen(request, response)
}

/** A request of fetch, and one over a socket: what comes back has to be the same. */
const ways: readonly [string, (path: string, init: RequestInit) => Promise<Response>][] = [
  ['app.request()', async (path, init) => app.request(path, init)],
  ['@hono/node-server', async (path, init) => fetch((await serving(listener())) + path, init)],
]

describe.each(ways)('over %s', (_name, send) => {
  const ask = async (
    path: string,
    headers: Record<string, string> = {},
    init: RequestInit = {},
  ): Promise<{ response: Response; text: string }> => {
    const response = await send(path, { ...init, headers: { 'x-request-id': path, ...headers } })
    return { response, text: await response.text() }
  }

  it.each<[name: string, build: () => unknown, path: string, route: string | undefined]>([
    ['of the app', () => app.get('/notes/:id', (c) => c.text('ok')), '/notes/42', '/notes/:id'],
    ['with a base path', () => app.basePath('/v1').get('/n/:id', (c) => c.text('ok')), '/v1/n/7', '/v1/n/:id'],
    [
      'of a sub-app on a parameter',
      () =>
        app.route(
          '/t/:tenant',
          new Hono().get('/n/:id', (c) => c.text('ok')),
        ),
      '/t/42/n/7',
      '/t/:tenant/n/:id',
    ],
    [
      'of the first that answers',
      () => app.get('/n/new', (c) => c.text('ok')).get('/n/:id', (c) => c.text('')),
      '/n/new',
      '/n/new',
    ],
    [
      'of the one after those that do not',
      () => app.get('/n/:id', (_, next) => next()).get('/:kind/:id', (c) => c.text('ok')),
      '/n/42',
      '/:kind/:id',
    ],
    [
      'of the handler that middleware kept the request from',
      () => app.use('/n/*', async (c) => c.text('no', 401)).get('/n/:id', (c) => c.text('ok')),
      '/n/42',
      '/n/:id',
    ],
    ['of every method', () => app.all('/any/:id', (c) => c.text('ok')), '/any/42', '/any/:id'],
    ['that threw', () => app.get('/b/:id', () => Promise.reject(new Error('boom'))), '/b/42', '/b/:id'],
    ['of nothing', () => app.get('/notes/:id', (c) => c.text('ok')), '/other/42', undefined],
    ['of nothing at all', () => undefined, '/other/42', undefined],
  ])('has the route %s', async (_case, build, path, route) => {
    build()
    const { response } = await ask(path)
    expect(response.headers.get('x-request-id')).toBe(path)
    const { fields, message } = await keeper.of(path)
    expect([fields['http.route'], fields['url.path'], message]).toEqual([
      route,
      path,
      `GET ${route ?? path} ${response.status}`,
    ])
  })

  it('keeps the path as it was sent, and leaves the query out', async () => {
    await ask('/a%20b%0Ac?secret=1', { 'x-request-id': 'path' })
    const { fields, message } = await keeper.of('path')
    expect([fields['url.path'], message]).toEqual(['/a%20b%0Ac', 'GET /a%20b%0Ac 404'])
  })

  it('has the tenant where a body has been read', async () => {
    app.post('/notes', async (c) => c.json({ body: await c.req.json(), at: currentAttributes() }))
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const [who, id] = [`t${index % 5}`, `r${index}`]
        const headers = { 'content-type': 'application/json', 'x-tenant': who, 'x-request-id': id }
        const { text } = await ask('/notes', headers, { method: 'POST', body: JSON.stringify({ index }) })
        const attributes = { 'tenant.id': who, 'request.id': id }
        expect(JSON.parse(text)).toEqual({ body: { index }, at: attributes })
        expect(await keeper.of(id)).toMatchObject({ message: 'POST /notes 200', attributes })
      }),
    )
  })

  it('sets the header of an answer that the handler made by itself', async () => {
    app.get('/raw', () => new Response('raw'))
    app.get('/frozen', () => Response.redirect('http://localhost/raw'))
    for (const path of ['/raw', '/frozen']) {
      const { response } = await ask(path, {}, { redirect: 'manual' })
      expect(response.headers.get('x-request-id')).toBe(path)
    }
  })

  it('refuses, and lets no handler run', async () => {
    app.get('/', () => expect.unreachable())
    const { response, text } = await ask('/', { 'x-tenant': 'refused' })
    expect([response.status, text, response.headers.get('x-request-id')]).toEqual([403, '{"error":"not_yours"}', '/'])
    const { level, fields, attributes } = await keeper.of('/')
    expect([level, fields['error.type'], attributes]).toEqual(['warn', 'not_yours', { 'request.id': '/' }])
  })

  it.each(['nothing', 'route'])('lets no handler run where the resolver throws %s', async (given) => {
    app.get('/', () => expect.unreachable())
    const { response } = await ask('/', { 'x-tenant': given })
    expect(response.status).toBe(500)
    expect(await keeper.of('/')).toMatchObject({
      level: 'error',
      fields: { err: { name: 'Error', message: 'the tenant option threw no error' } },
    })
  })

  it('asks the resolver of a sub-app too, and writes one record', async () => {
    const admin = new Hono()
    admin.use(honoTelemetry({ tenant: () => tenantNamed('refused') }))
    admin.get('/', () => expect.unreachable())
    app.route('/admin', admin)
    expect((await ask('/admin', { 'x-tenant': 'acme' })).response.status).toBe(403)
    expect(await keeper.of('/admin')).toMatchObject({
      message: 'GET /admin 403',
      attributes: { 'request.id': '/admin' },
    })
    expect(keeper.all).toHaveLength(1)
  })

  it('has the error that ended in a failure, also of a sub-app with a handler of its own, and no other', async () => {
    const sub = new Hono()
    sub.onError((_, c) => c.text('sub', 503))
    sub.get('/boom', () => Promise.reject(new TypeError('inside')))
    app.route('/sub', sub)
    app.get('/conflict', () => {
      throw new HTTPException(409, { message: 'on purpose' })
    })
    await ask('/sub/boom')
    expect(await keeper.of('/sub/boom')).toMatchObject({
      level: 'error',
      message: 'GET /sub/boom 503',
      fields: { err: { name: 'TypeError', message: 'inside' }, 'error.type': '503' },
    })
    expect((await ask('/conflict')).text).toBe('on purpose')
    const { level, fields } = await keeper.of('/conflict')
    expect([level, fields['err'], fields['error.type']]).toEqual(['warn', undefined, undefined])
  })
})

it('has what a handler throws that is no error', async () => {
  app.get('/', () => throwAny('a text'))
  const url = await serving(listener())
  expect((await fetch(url, { headers: { 'x-request-id': 'text' } })).status).toBe(500)
  expect(await keeper.of('text')).toMatchObject({ level: 'error', fields: { err: { message: 'a text' } } })
  await expect(app.request('/', { headers: { 'x-request-id': 'thrown' } })).rejects.toBe('a text')
  expect(await keeper.of('thrown')).toMatchObject({ level: 'error', fields: { err: { message: 'a text' } } })
})

it('keeps a request apart that a handler makes of another', async () => {
  app.get('/inner', (c) => c.json(currentAttributes()))
  app.get('/outer', async (c) => {
    const inner = await app.request('/inner', { headers: { 'x-tenant': 'globex', 'x-request-id': 'i' } })
    return c.json({ inner: await inner.json(), outer: currentAttributes() })
  })
  const answer = await app.request('/outer', { headers: { 'x-tenant': 'acme', 'x-request-id': 'o' } })
  expect(await answer.json()).toEqual({
    inner: { 'tenant.id': 'globex', 'request.id': 'i' },
    outer: { 'tenant.id': 'acme', 'request.id': 'o' },
  })
})

it('takes an absolute request target apart', async () => {
  const url = new URL(await serving(listener()))
  const socket = connect(Number(url.port), url.hostname)
  socket.end(
    `GET http://user:secret@${url.host}/notes?token=secret HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n\r\n`,
  )
  socket.resume()
  await once(socket, 'close')
  const [record] = await keeper.count(1)
  expect(record?.fields['url.path']).toBe('/notes')
})
