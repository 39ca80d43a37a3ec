import { SpanKind, trace } from '@opentelemetry/api'
import express, { type Express, type Request, type RequestHandler, Router } from 'express'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { currentAttributes, isTelemetryError, withTenant, tenant } from '../../src/index.ts'
import { expressTelemetry, expressTelemetryErrors } from '../../src/integrations/express.ts'
import { localSdk } from '../support/local-sdk.ts'
import { recordKeeper, type RequestRecord, serving, tenantNamed } from './http-kit.ts'

let sdk: ReturnType<typeof localSdk>

beforeEach(() => {
  sdk = localSdk()
})

afterEach(() => sdk.stop())

/** The record of one request to an app. */
async function recordOf(build: (app: Express) => void, path: string, init?: RequestInit): Promise<RequestRecord> {
  const keeper = recordKeeper()
  const app = express()
  app.use(expressTelemetry({ logger: keeper.logger }))
  build(app)
  app.use(expressTelemetryErrors())
  app.use(((_error, _request, response, _next) => void response.sendStatus(500)) as express.ErrorRequestHandler)
  const url = await serving(app)
  await (await fetch(url + path, init)).arrayBuffer()
  return (await keeper.count(1))[0]!
}

const ok: RequestHandler = (_, response) => void response.send('ok')
const boom: RequestHandler = () => {
  throw new Error('boom')
}
const mounted =
  (path: string | RegExp | string[], inner: (router: Router) => void, merge = false) =>
  (app: Express) => {
    const router = Router({ mergeParams: merge })
    inner(router)
    app.use(path, router)
  }

describe('the route', () => {
  it.each<[name: string, build: (app: Express) => void, path: string, route: string | undefined]>([
    ['of the app', (app) => app.get('/notes/:id', ok), '/notes/42?q=1', '/notes/:id'],
    ['of a router', mounted('/api', (api) => api.get('/notes/:id', ok)), '/api/notes/42', '/api/notes/:id'],
    ['of a router at its root', mounted('/api', (api) => api.get('/', ok)), '/api/', '/api'],
    [
      'of a router on a parameter',
      mounted('/t/:tenant', (api) => api.get('/n/:id', ok)),
      '/t/42/n/7',
      '/t/:tenant/n/:id',
    ],
    ['of a parameter that needs encoding', mounted('/t/:t', (api) => api.get('/n', ok)), '/t/a%2Fb%20c/n', '/t/:t/n'],
    ['of a parameter that is a part of its segment', mounted('/v:v', (api) => api.get('/n', ok)), '/v12/n', '/:v/n'],
    ['of a wildcard', mounted('/f/*path', (api) => api.get('/', ok)), '/f/a/b/c', '/f/*path'],
    ['of one of several paths', mounted(['/a', '/b/:id'], (api) => api.get('/n', ok)), '/b/42/n', '/b/:id/n'],
    ['with several paths', (app) => app.get(['/a', '/b/:id'], ok), '/b/42', '/a|/b/:id'],
    ['with a regular expression', (app) => app.get(/^\/r\d+$/, ok), '/r42', '/^\\/r\\d+$/'],
    ['that threw', mounted('/t/:tenant', (api) => api.get('/boom', boom)), '/t/42/boom', '/t/:tenant/boom'],
    ['of a path that nothing matches', (app) => app.get('/notes/:id', ok), '/other/42', undefined],
    ['of middleware', (app) => app.use('/files', ok), '/files/secret.txt', undefined],
    ['of HEAD', (app) => app.get('/notes/:id', ok), '/notes/42', '/notes/:id'],
  ])('is that %s', async (name, build, path, route) => {
    const { fields, message } = await recordOf(build, path, name === 'of HEAD' ? { method: 'HEAD' } : {})
    expect(fields['http.route']).toBe(route)
    if (route !== undefined) expect(message.split(' ')[1]).toBe(route)
  })

  it('has the parameters of routers in routers, merged or not', async () => {
    for (const merge of [true, false]) {
      const build = mounted('/t/:tenant', (outer) => {
        const inner = Router({ mergeParams: merge })
        inner.get('/:id', ok)
        outer.use('/v1', inner)
      })
      expect((await recordOf(build, '/t/1/v1/7')).fields['http.route']).toBe('/t/:tenant/v1/:id')
    }
  })

  it('has that of the app that is mounted, also where only that one is observed', async () => {
    const keeper = recordKeeper()
    const app = express()
    const sub = express()
    sub.use(expressTelemetry({ logger: keeper.logger }))
    sub.get('/notes/:id', ok)
    app.use('/t/:tenant', sub)
    await (await fetch(`${await serving(app)}/t/42/notes/7`)).text()
    expect((await keeper.count(1))[0]?.fields['http.route']).toBe('/t/:tenant/notes/:id')
  })

  it('is left open where a router is seen first whose template nobody tells', async () => {
    const keeper = recordKeeper()
    const app = express()
    const router = Router()
    router.use(expressTelemetry({ logger: keeper.logger }))
    router.get('/notes/:id', ok)
    app.use('/t/:tenant', router)
    await (await fetch(`${await serving(app)}/t/42/notes/7`)).text()
    expect((await keeper.count(1))[0]?.fields).not.toHaveProperty('http.route')
  })

  it('is the one that answered, of several that matched', async () => {
    const build = (app: Express): void => {
      app.get('/notes/:id', (_request, _response, next) => next())
      app.use('/other', Router())
      app.get('/notes/:id/', (_request, _response, next) => next('route'))
      app.get('/:kind/:id', ok)
    }
    expect((await recordOf(build, '/notes/42')).fields['http.route']).toBe('/:kind/:id')
  })
})

it('leaves baseUrl, route and params to handlers as they are without it', async () => {
  const segment = fc.constantFrom('/a', '/:x', '/b/:y', '')
  const tree = fc.array(fc.record({ path: segment, merge: fc.boolean(), fails: fc.boolean() }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.constantFrom('/a/a/b/1', '/1/b/2/a', '/b/1/b/2', '/a', '/zz/b/9/a/a'),
      async (routers, path) => {
        const seenBy = async (isObserved: boolean): Promise<unknown[]> => {
          const seen: unknown[] = []
          const look = ({ baseUrl, url, params, route }: Request): void =>
            void seen.push({
              baseUrl,
              url,
              params: { ...params },
              route: (route as { path?: string } | undefined)?.path,
            })
          const app = express()
          if (isObserved) app.use(expressTelemetry({ requestLog: false }))
          let parent: { use(path: string, router: Router): unknown } = app
          for (const { path: at, merge, fails } of routers) {
            const router = Router({ mergeParams: merge })
            parent.use(at || '/', router)
            router.use((request, _response, next) => {
              look(request)
              next()
            })
            router.get('/:last', (request, _response, next) => {
              look(request)
              next(fails ? new Error('on purpose') : undefined)
            })
            parent = router
          }
          app.use((request, response) => {
            look(request)
            response.end()
          })
          app.use(((_error, request, response, _next) => {
            look(request)
            response.end()
          }) as express.ErrorRequestHandler)
          await (await fetch((await serving(app)) + path)).text()
          return seen
        }
        expect(await seenBy(true)).toEqual(await seenBy(false))
      },
    ),
    { numRuns: 60 },
  )
})

describe('a request', () => {
  it('has its tenant where a body has been read, with no instrumentation at all', async () => {
    const keeper = recordKeeper()
    const app = express()
    app.use(expressTelemetry({ logger: keeper.logger, tenant: ({ headers }) => tenantNamed(headers['x-tenant']) }))
    app.use(express.json())
    app.post('/notes', ({ body }, response) => void response.json({ body: body as unknown, at: currentAttributes() }))
    const url = await serving(app)
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const who = `t${index % 5}`
        const answer = await fetch(`${url}/notes`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-tenant': who, 'x-request-id': `r${index}` },
          body: JSON.stringify({ index }),
        })
        const at = { 'tenant.id': who, 'request.id': `r${index}` }
        expect(await answer.json()).toEqual({ body: { index }, at })
        expect(await keeper.of(`r${index}`)).toMatchObject({
          level: 'info',
          message: 'POST /notes 200',
          attributes: at,
        })
      }),
    )
  })

  it('is nobody else’s where the server began to listen for a tenant, and in a span', async () => {
    const keeper = recordKeeper()
    const app = express()
    app.use(expressTelemetry({ logger: keeper.logger, tenant: ({ headers }) => tenantNamed(headers['x-tenant']) }))
    app.get('/', ok)
    const tracer = trace.getTracer('test')
    const boot = tracer.startSpan('boot')
    const url = await withTenant(tenant({ id: 'owner' }), () =>
      tracer.startActiveSpan('starting', async (span) => {
        const listening = await serving(app)
        span.end()
        return listening
      }),
    )
    boot.end()
    for (const who of ['acme', undefined, 'globex', undefined]) {
      await (await fetch(url, { headers: who === undefined ? {} : { 'x-tenant': who } })).text()
    }
    const records = await keeper.count(4)
    expect(records.map(({ attributes }) => attributes['tenant.id'])).toEqual(['acme', 'owner', 'globex', 'owner'])
    expect(new Set(records.map(({ attributes }) => attributes['request.id'])).size).toBe(4)
    expect(sdk.span('starting').attributes).not.toHaveProperty('request.id')
  })

  it('completes a SERVER span that somebody else made', async () => {
    const keeper = recordKeeper()
    const app = express()
    app.use(expressTelemetry({ logger: keeper.logger, tenant: () => tenantNamed('acme') }))
    app.get('/notes/:id', ok)
    app.get('/boom', boom)
    app.use(expressTelemetryErrors())
    const url = await serving((request, response) =>
      trace.getTracer('test').startActiveSpan('own', { kind: SpanKind.SERVER }, (span) => {
        response.on('close', () => span.end())
        app(request, response)
      }),
    )
    await (await fetch(`${url}/notes/42`)).text()
    await (await fetch(`${url}/boom`)).text()
    const [notes] = await keeper.count(2)
    const span = sdk.span('GET /notes/:id')
    expect(span.attributes).toMatchObject({ 'http.route': '/notes/:id', 'tenant.id': 'acme' })
    expect(notes?.traceId).toBe(span.spanContext().traceId)
    expect(sdk.span('GET /boom').events.map(({ attributes }) => attributes?.['exception.message'])).toEqual(['boom'])
  })

  it.each(['nothing', 'route'])('does not get past a resolver that throws %s', async (given) => {
    let reached = 0
    const app = express()
    app.use(expressTelemetry({ requestLog: false, tenant: ({ headers }) => tenantNamed(headers['x-tenant']) }))
    app.get('/', () => void (reached += 1))
    app.use(((_error, _request, response, _next) => void response.sendStatus(500)) as express.ErrorRequestHandler)
    const answer = await fetch(await serving(app), { headers: { 'x-tenant': given } })
    expect([answer.status, reached]).toEqual([500, 0])
  })

  it('is asked for once by each resolver, and refused by any', async () => {
    const keeper = recordKeeper()
    let asked = 0
    const count = (): undefined => void (asked += 1)
    const app = express()
    app.use(expressTelemetry({ logger: keeper.logger, tenant: count }))
    app.use(expressTelemetry({ logger: keeper.logger, tenant: count }))
    app.use('/admin', expressTelemetry({ tenant: ({ headers }) => tenantNamed(headers['x-tenant']) }))
    app.get('/admin/:id', (_, response) => void response.json(currentAttributes()))
    const url = await serving(app)
    const refused = await fetch(`${url}/admin/1`, { headers: { 'x-tenant': 'refused' } })
    expect([refused.status, await refused.json(), asked]).toEqual([403, { error: 'not_yours' }, 1])
    const let_in = await fetch(`${url}/admin/1`, { headers: { 'x-tenant': 'acme' } })
    expect([await let_in.json(), asked]).toMatchObject([{ 'tenant.id': 'acme' }, 2])
    const [first, second] = await keeper.count(2)
    expect([first?.level, first?.fields['error.type'], second?.fields['http.route']]).toEqual([
      'warn',
      'not_yours',
      '/admin/:id',
    ])
    expect(keeper.all).toHaveLength(2)
  })

  it('is answered after headers that cannot be sent', async () => {
    const app = express()
    const headers = { 'www-authenticate': 'a\r\nb: c', 'bad name': 'x', 'x-number': 1, 'retry-after': '3' }
    app.use(
      expressTelemetry({
        requestLog: false,
        tenant: () => Promise.reject(Object.assign(new Error('no'), { status: 503, code: 'later', headers })),
      }),
    )
    const answer = await fetch(await serving(app))
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([
      503,
      '3',
      '{"error":"later"}',
    ])
    expect(answer.headers.has('www-authenticate')).toBe(false)
  })

  it('is recorded as failed where the error comes after the headers', async () => {
    const keeper = recordKeeper()
    const app = express()
    app.use(expressTelemetry({ logger: keeper.logger }))
    app.get('/late', (_request, response, next) => {
      response.write('begun', () => next(new TypeError('too late')))
    })
    app.use(expressTelemetryErrors())
    app.use(((_error, _request, response, _next) => void response.destroy()) as express.ErrorRequestHandler)
    const answer = await fetch(`${await serving(app)}/late`)
    await expect(answer.text()).rejects.toThrow(/terminated/)
    const [record] = await keeper.count(1)
    expect([record?.level, record?.message]).toEqual(['error', 'GET /late aborted'])
    expect(record?.fields).toMatchObject({
      'http.response.status_code': 200,
      'error.type': 'TypeError',
      err: { name: 'TypeError', message: 'too late' },
    })
  })

  it('has no error where a handler of errors turned it into an answer', async () => {
    const keeper = recordKeeper()
    const app = express()
    app.use(expressTelemetry({ logger: keeper.logger }))
    app.get('/', boom)
    app.use(expressTelemetryErrors())
    app.use(((_error, _request, response, _next) => void response.sendStatus(409)) as express.ErrorRequestHandler)
    await (await fetch(await serving(app))).text()
    const [record] = await keeper.count(1)
    expect([record?.level, record?.message, record?.fields['err']]).toEqual(['warn', 'GET / 409', undefined])
  })
})

it('refuses options that are wrong, all at once, and those it does not know', () => {
  const attempt = (options: object): string[] => {
    try {
      expressTelemetry(options)
    } catch (error) {
      return isTelemetryError(error) ? [error.code, ...error.problems.map(({ message }) => message)] : ['another']
    }
    return ['accepted']
  }
  expect(attempt({ tennant: () => undefined, requestLog: 'no', logger: { info: () => {} } })).toEqual([
    'ERR_OPTIONS_INVALID',
    'tennant is no option',
    'requestLog is neither true nor false',
    'logger is no logger',
  ])
  expect(attempt({ tenant: {} })).toEqual(['ERR_OPTIONS_INVALID', 'tenant is no function'])
  expect(attempt({ tenant: undefined, logger: undefined, requestLog: false })).toEqual(['accepted'])
  expect(attempt(null as never)).toEqual(['ERR_OPTIONS_INVALID', 'the options are no object'])
})
