// One service, written three times: FRAMEWORK says which of them runs. Its tenant is what a header says.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { currentAttributes, logger, tenant, type Tenant } from '../../../src/index.ts'
import { expressTelemetry, expressTelemetryErrors } from '../../../src/integrations/express.ts'
import { fastifyTelemetry } from '../../../src/integrations/fastify.ts'
import { honoTelemetry } from '../../../src/integrations/hono.ts'

class Refused extends Error {
  readonly statusCode = 401
  readonly code = 'token_expired'
  readonly headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
}

class KeysUnavailable extends Error {
  readonly statusCode = 503
  readonly code = 'keys_unavailable'
}

class Teapot extends Error {
  readonly statusCode = 418
  readonly status = 418
}

async function tenantOf(given: string | string[] | undefined): Promise<Tenant | undefined> {
  await sleep(1)
  if (given === 'refused') throw new Refused('the token xyz-secret has expired')
  if (given === 'later') throw new KeysUnavailable('no keys: xyz-secret')
  if (given === 'crash') throw new Error('the resolver is broken')
  return typeof given === 'string' ? tenant({ id: given, userId: `user-of-${given}` }) : undefined
}

async function echo(body: unknown): Promise<object> {
  await sleep(2)
  logger.info({ body }, 'echoed')
  return { body, attributes: currentAttributes() }
}

const requestLog = process.env['REQUEST_LOG'] !== 'false'
const header = 'x-tenant'
const chunks = (): Readable => Readable.from(['a', 'b', 'c'])

async function* breakingParts(): AsyncGenerator<string> {
  yield 'begun'
  await sleep(5)
  throw new RangeError('the source is gone')
}

async function startFastify(): Promise<Server> {
  const app = Fastify()
  const tenant = ({ headers }: { readonly headers: IncomingHttpHeaders }): Promise<Tenant | undefined> =>
    tenantOf(headers[header])
  await app.register(fastifyTelemetry, { tenant, requestLog })
  await app.register(fastifyTelemetry, { tenant, requestLog })
  await app.register(
    async (api) => {
      api.get('/notes/:id', () => echo(undefined))
      api.post('/notes', ({ body }) => echo(body))
      api.get('/boom', () => Promise.reject(new Error('boom')))
      api.get('/teapot', () => Promise.reject(new Teapot('short and stout')))
      api.get('/hang', () => new Promise(() => {}))
      api.get('/stream', (_, reply) => reply.send(chunks()))
      api.get('/late/:id', (_, reply) => {
        reply.hijack()
        pipeline(breakingParts(), reply.raw, () => {})
      })
    },
    { prefix: '/api' },
  )
  app.get('/health', () => 'ok')
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server
}

async function startExpress(): Promise<Server> {
  const app = express()
  const tenant = ({ headers }: { readonly headers: IncomingHttpHeaders }): Promise<Tenant | undefined> =>
    tenantOf(headers[header])
  app.use(expressTelemetry({ tenant, requestLog }))
  app.use(expressTelemetry({ tenant, requestLog }))
  app.use(express.json())
  const api = express.Router()
  api.get('/notes/:id', async (_, response) => void response.json(await echo(undefined)))
  api.post('/notes', async ({ body }, response) => void response.json(await echo(body)))
  api.get('/boom', () => Promise.reject(new Error('boom')))
  api.get('/teapot', () => Promise.reject(new Teapot('short and stout')))
  api.get('/hang', () => {})
  api.get('/stream', (_, response) => void chunks().pipe(response))
  api.get('/late/:id', (_, response, next) => void pipeline(breakingParts(), response, next))
  app.use('/api', api)
  app.get('/health', (_, response) => void response.send('ok'))
  app.use(expressTelemetryErrors())
  app.use((error: { statusCode?: number }, _: unknown, response: express.Response, next: express.NextFunction) => {
    if (response.headersSent) next(error)
    else response.status(error.statusCode ?? 500).end()
  })
  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function startHono(): Promise<Server> {
  const app = new Hono()
  app.use(honoTelemetry({ tenant: (c) => tenantOf(c.req.header(header)), requestLog }))
  app.use(honoTelemetry({ tenant: (c) => tenantOf(c.req.header(header)), requestLog }))
  app.onError((error, c) => c.body(null, (error as { statusCode?: 418 }).statusCode ?? 500))
  const api = new Hono()
  api.get('/notes/:id', async (c) => c.json(await echo(undefined)))
  api.post('/notes', async (c) => c.json(await echo(await c.req.json())))
  api.get('/boom', () => Promise.reject(new Error('boom')))
  api.get('/teapot', () => Promise.reject(new Teapot('short and stout')))
  api.get('/hang', () => new Promise(() => {}))
  api.get('/stream', (c) => c.body(Readable.toWeb(chunks()) as ReadableStream))
  api.get('/late/:id', (c) => c.body(Readable.toWeb(Readable.from(breakingParts())) as ReadableStream))
  app.route('/api', api)
  app.get('/health', (c) => c.text('ok'))
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  if (!server.listening) await once(server, 'listening')
  return server
}

const starts: Readonly<Record<string, () => Promise<Server>>> = {
  fastify: startFastify,
  express: startExpress,
  hono: startHono,
}
const server = await starts[process.env['FRAMEWORK'] ?? '']!()
console.log(`listening ${(server.address() as AddressInfo).port}`)
