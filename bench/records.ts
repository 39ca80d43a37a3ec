// A measured process: makes spans or pino records at a steady pace, 40,000 a second, and reports CPU time, delivery included.
import { createRequire } from 'node:module'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { startVariant, tracer, type Variant } from './telemetry.ts'

const [what, variant, sinkUrl, backends] = process.argv.slice(2) as ['spans' | 'logs', Variant, string, string]
const total = 120_000
/** Before the measurement: the compiler is done by then. */
const warming = 60_000
const burst = 800
const pauseMs = 20

const telemetry = await startVariant(variant, sinkUrl, Number(backends))
// Required after the start, so that the stock instrumentation can patch it.
const pino = createRequire(import.meta.url)('pino') as typeof import('pino').pino
const logger = pino({ base: null }, pino.destination({ dest: '/dev/null', sync: false }))
const spans = tracer()

function make(index: number): void {
  if (what === 'logs')
    return logger.info({ orderId: index, route: '/orders/:id', durationMs: 12.5, customer: 'acme' }, 'order stored')
  const span = spans.startSpan('store order', {
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/orders/:id',
      'url.path': `/orders/${index}`,
      'server.address': 'api.internal',
    },
  })
  span.setAttribute('http.response.status_code', 201)
  span.setAttribute('order.total', 99.5)
  span.end()
}

async function makeAll(count: number): Promise<void> {
  for (let made = 0; made < count; made += burst) {
    for (let index = made; index < made + burst; index += 1) make(index)
    await sleep(pauseMs)
  }
}

await makeAll(warming)
await sleep(1_200)

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const [before, mainBefore] = [process.cpuUsage(), process.threadCpuUsage()]
await makeAll(total)
delay.disable()
await telemetry.stop()
const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system
process.send?.({
  operations: total,
  expected: total + warming,
  processMicros: sum(process.cpuUsage(before)),
  mainMicros: sum(process.threadCpuUsage(mainBefore)),
  delayMs: delay.percentile(99) / 1e6,
})
process.disconnect?.()
