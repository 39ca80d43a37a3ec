// A server whose requests learn their tenant late and hop through everything that can lose a context.
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { logs, trace } from '@opentelemetry/api'
import pg from 'pg'
import pino from 'pino'
import { logger, setTenant, tenant } from '../../../src/index.ts'

const tracer = trace.getTracer('interleaved')
const foreign = pino({ base: null }, pino.destination('/dev/null'))
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 4 })
const jitter = (): Promise<void> => sleep(Math.random() * 10)

async function work(expected: string): Promise<void> {
  const mark = (step: string): void => {
    tracer.startSpan(step, { attributes: { expected } }).end()
    logger.info({ expected }, step)
    foreign.info({ expected }, `foreign ${step}`)
    logs.getLogger('raw').emit({ body: `raw ${step}`, attributes: { expected } })
  }
  await Promise.all([jitter(), Promise.resolve().then(jitter)])
  mark('promise')
  await new Promise<void>((resolve) => {
    setTimeout(() => setImmediate(() => process.nextTick(() => (mark('timer'), resolve()))), Math.random() * 10)
  })
  const through = new Transform({
    transform: (chunk, _encoding, done) => setTimeout(() => (mark('stream'), done(null, chunk)), 1),
  })
  await pipeline(Readable.from(['a']), through, async function* (source) {
    for await (const chunk of source) yield chunk
  })
  const emitter = new EventEmitter()
  emitter.once('done', () => mark('emitter'))
  const done = once(emitter, 'done')
  setTimeout(() => emitter.emit('done'), 2)
  await done
  await pool.query(`SELECT pg_sleep(0.002) AS "of ${expected}"`)
  mark('pool')
  await new Promise<void>((resolve, reject) => {
    pool.query('SELECT 1', (error) => (error ? reject(error) : (mark('pool callback'), resolve())))
  })
  const client = await pool.connect()
  await client.query(`SELECT 1 AS "client of ${expected}"`)
  client.release()
}

const server = createServer((request, response) => {
  void tracer.startActiveSpan('middleware', async (middleware) => {
    const expected = new URL(request.url ?? '', 'http://x').searchParams.get('tenant') ?? ''
    middleware.setAttribute('expected', expected)
    for await (const chunk of request) void chunk
    await jitter()
    setTenant(tenant({ id: expected, userId: `user of ${expected}` }))
    await work(expected)
    middleware.end()
    response.end('done')
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => server.close(() => void pool.end()))
