// An application that does what it is told over IPC, through the public door.
import { trace } from '@opentelemetry/api'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { type Backend, logger, startTelemetry } from '../../src/index.ts'
import type { Order } from './orders.ts'

const custom: Readonly<Record<string, (attempt: number) => unknown>> = {
  throws: () => {
    throw new Error('a bug of the backend')
  },
  rejects: () => Promise.reject(new Error('a bug of the backend')),
  hangs: () => new Promise(() => {}),
  rubbish: (attempt) => [undefined, 'ok', { kind: 'deliverd' }, 42][attempt % 4],
}

const stored: string[] = []
const kind = process.env['CUSTOM']
let attempts = 0
const odd: Backend = {
  deliver: (batch) => {
    attempts += 1
    if (attempts <= 3) return custom[kind ?? '']?.(attempts) as Promise<never>
    stored.push(
      ...(batch.signal === 'traces'
        ? batch.spans.map(({ name }) => name)
        : batch.records.map(({ body }) => String(body))),
    )
    return Promise.resolve({ kind: 'delivered' })
  },
}
const telemetry =
  kind === undefined
    ? startTelemetry()
    : startTelemetry({
        backends: [
          { name: 'faulty', backend: odd, timeoutMs: 300 },
          { type: 'otlp', name: 'healthy' },
        ],
      })

const tracer = trace.getTracer('faults')
let peakBytes = 0
const watch = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage.rss())), 50)
watch.unref()
let warnings = 0
process.on('warning', () => (warnings += 1))

function makeOne(number: number, signals: string): void {
  if (signals !== 'logs') tracer.startSpan(`s${number}`).end()
  if (signals !== 'traces') logger.info(`l${number}`)
}

async function make({ from, count, perSecond, signals = 'both' }: Extract<Order, { do: 'make' }>): Promise<void> {
  const startedAt = performance.now()
  for (let made = 0; made < count; made += 1) {
    makeOne(from + made, signals)
    if (perSecond === undefined) {
      if (made % 200 === 199) await turn()
    } else if (made % 100 === 99) {
      const early = (made / perSecond) * 1_000 - (performance.now() - startedAt)
      await (early > 1 ? sleep(early) : turn())
    }
  }
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'make':
      return make(order)
    case 'status':
      return { ...telemetry.status(), peakBytes, warnings, stored }
    case 'flush':
      return telemetry.flush(order.ms)
    case 'stop':
      return telemetry.stop(order.ms)
    case 'clock': {
      const real = Date.now
      Date.now = () => real() + order.byMs
      return undefined
    }
    case 'throw':
      setImmediate(() => {
        throw new Error('a bug of the application')
      })
      return undefined
    case 'end':
      setImmediate(() => process.disconnect())
      return undefined
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  void obey(order).then((answer) => process.send?.({ id, answer }))
})
process.send?.({ id: 0 })
