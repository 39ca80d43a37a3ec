// Crashes in the middle of nested work, or waits for it: as its argument says.
import { SpanStatusCode, trace } from '@opentelemetry/api'
import { setTimeout as sleep } from 'node:timers/promises'
import { tenant, withTenant } from '../../../src/index.ts'

const tracer = trace.getTracer('interrupted')
const [how] = process.argv.slice(2)

await withTenant(tenant({ id: 'acme' }), () =>
  tracer.startActiveSpan('job', { attributes: { step: 1 } }, async (job) => {
    tracer.startSpan('done').end()
    const known = tracer.startSpan('failed before')
    known.setStatus({ code: SpanStatusCode.ERROR, message: 'own words' })
    await tracer.startActiveSpan('query', async (query) => {
      if (how === 'crashes') {
        setImmediate(() => {
          throw new Error('a bug')
        })
      }
      if (how === 'survives') {
        process.on('uncaughtException', () => console.log('survived'))
        setImmediate(() => {
          throw new Error('a bug')
        })
      }
      await sleep(Number(process.argv[3]))
      query.end()
    })
    known.end()
    job.end()
  }),
)
