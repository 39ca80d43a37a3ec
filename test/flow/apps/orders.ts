// One run of work for two tenants, and it ends by itself: spans, nested spans, logs inside and outside of spans.
import { trace } from '@opentelemetry/api'
import { logger, operation, tenant, withTenant } from '../../../src/index.ts'

const tracer = trace.getTracer('orders')
logger.info('starting')

for (const [id, userId] of [
  ['acme', 'ann'],
  ['bolt', 'bob'],
] as const) {
  const customer = tenant({ id, userId, email: `${userId}@${id}.test`, appName: `app-${id}` })
  await withTenant(customer, () =>
    operation('update', `order ${id}`, async (span) => {
      logger.info({ order: 7, lines: [{ sku: 'a' }] }, `taking order of ${id}`)
      await tracer.startActiveSpan('price', async (price) => {
        await new Promise((resolve) => setTimeout(resolve, 2))
        logger.child({ step: 'price' }).warn({ err: new RangeError('no price') }, 'using list price')
        price.end()
      })
      span.setAttribute('order.lines', 1)
    }),
  )
}
logger.child(tenant({ id: 'explicit' })).error('outside of any span')
