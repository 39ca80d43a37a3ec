// A service of its own that calls itself, counts something, and ends when it is told to.
import { metrics, trace } from '@opentelemetry/api'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { logger, startTelemetry, tenant, withTenant } from '../../../src/index.ts'

const orders = metrics.getMeter('shop').createCounter('shop.orders', { unit: '{order}' })
const server = createServer((_, response) => {
  withTenant(tenant({ id: 'acme', userId: 'ann', email: 'ann@acme.test' }), () => {
    orders.add(2, { 'tenant.id': 'acme', 'user.email': 'ann@acme.test', kind: 'book' })
    logger.info('ordered')
    trace.getTracer('shop').startSpan('order').end()
    response.end('ok')
  })
})
server.listen(0, '127.0.0.1', () => {
  void (async () => {
    const { port } = server.address() as AddressInfo
    for (let call = 0; call < 3; call += 1) await (await fetch(`http://127.0.0.1:${port}/orders`)).text()
    const telemetry = startTelemetry()
    if (process.argv[2] === 'stops') {
      await telemetry.stop()
      console.log(`STATUS ${JSON.stringify(telemetry.status())}`)
    } else if (process.argv[2] === 'restarts') {
      await telemetry.stop()
      const again = startTelemetry()
      metrics.getMeter('shop').createCounter('shop.again').add(1)
      await again.stop()
    } else {
      console.log('served')
    }
    if (process.argv[2] !== 'stays') {
      server.closeAllConnections()
      server.close()
    }
  })()
})
