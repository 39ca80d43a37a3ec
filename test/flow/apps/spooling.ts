// Makes as many spans as its first argument says, and ends as its second one does.
import { trace } from '@opentelemetry/api'
import { setTimeout as sleep } from 'node:timers/promises'

const [count = '0', end = 'exits'] = process.argv.slice(2)
const tracer = trace.getTracer('spooling')
for (let index = 0; index < Number(count); index += 1) {
  tracer.startSpan(`${process.env['RUN']}-${index}`).end()
  if (index % 10 === 9) await sleep(2)
}
const stay = setInterval(() => {}, 1_000)
console.log('made')
await sleep(Number(process.env['STAY_MS'] ?? 0))

const ends: Readonly<Record<string, () => unknown>> = {
  ends: () => clearInterval(stay),
  exits: () => process.exit(3),
  throws: () => {
    throw new Error('a bug')
  },
  stays: () => {},
}
ends[end]?.()
