// A measured process: what spans that wait take in memory. `queue`: 50,000 for a backend that never answers, after a collection
// of garbage. `outage`: 600,000 for one that refuses connections, as many as 1,000 a second make in ten minutes; the peak.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { startVariant, tracer, type Variant } from './telemetry.ts'

const [what, variant, url] = process.argv.slice(2) as ['queue' | 'outage', Variant, string]
const count = what === 'queue' ? 50_000 : 600_000
const perSecond = 30_000

await startVariant(variant, url, 1)
const spans = tracer()

function make(index: number): void {
  spans
    .startSpan('store order', {
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/orders/:id',
        'url.path': `/orders/${index}`,
        'server.address': 'api.internal',
        'tenant.id': '3f1f6f0e-2b1c-4c7e-9e1d-0c3e1b2a4d5f',
      },
    })
    .end()
}

const collect = (globalThis as { gc?: () => void }).gc ?? (() => {})
/** What is held by the end of a collection is let go in the turn after it. */
async function held(): Promise<number> {
  for (let times = 0; times < 3; times += 1) {
    collect()
    await sleep(50)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

for (let index = 0; index < 2_000; index += 1) make(index)
await sleep(300)
const before = what === 'queue' ? await held() : process.memoryUsage.rss()
let peak = before
const startedAt = performance.now()
for (let made = 0; made < count; made += 1) {
  make(made)
  if (made % 500 !== 499) continue
  peak = Math.max(peak, process.memoryUsage.rss())
  const early = (made / perSecond) * 1_000 - (performance.now() - startedAt)
  await (early > 1 ? sleep(early) : turn())
}
await sleep(1_500)
process.send?.({ count, bytes: (what === 'queue' ? await held() : peak) - before })
process.exit()
