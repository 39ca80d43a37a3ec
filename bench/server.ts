// A measured process: fastify, pg and pino; reports the CPU time of the requests between `start` and `stop`.
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { startVariant, type Variant } from './telemetry.ts'

const [variant, sinkUrl, backends, databaseUrl] = process.argv.slice(2) as [Variant, string, string, string]
const telemetry = await startVariant(variant, sinkUrl, Number(backends))

// Required after the start, so that the instrumentations can patch them.
const require = createRequire(import.meta.url)
const { fastify, LogController } = require('fastify') as typeof import('fastify')
const pg = require('pg') as typeof import('pg')
const pino = require('pino') as typeof import('pino').pino

const logger = pino(pino.destination({ dest: '/dev/null', sync: false }))
const pool = new pg.Pool({ connectionString: databaseUrl, max: 8 })
const app = fastify({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }) })
app.get('/orders/:id', async (request) => {
  const { id } = request.params as { id: string }
  const { rows } = await pool.query('SELECT $1::int AS id, now() AS at', [id])
  request.log.info({ orderId: id }, 'order read')
  return rows[0]
})
await app.listen({ port: 0, host: '127.0.0.1' })

let [before, mainBefore] = [process.cpuUsage(), process.threadCpuUsage()]
process.on('message', (message) => {
  if (message === 'start') [before, mainBefore] = [process.cpuUsage(), process.threadCpuUsage()]
  if (message !== 'stop') return
  void (async () => {
    await telemetry.stop()
    const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system
    process.send?.({
      processMicros: sum(process.cpuUsage(before)),
      mainMicros: sum(process.threadCpuUsage(mainBefore)),
    })
    await app.close()
    await pool.end()
    process.disconnect?.()
  })()
})
process.send?.((app.server.address() as AddressInfo).port)
