// The second of two services: never names a tenant.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { trace } from '@opentelemetry/api'
import { logger } from '../../../src/index.ts'

const server = createServer((request, response) => {
  trace.getTracer('api').startActiveSpan('search notes', (span) => {
    logger.info({ path: request.url }, 'searching')
    span.end()
    response.end(
      JSON.stringify({ baggage: request.headers['baggage'] ?? null, traceparent: request.headers['traceparent'] }),
    )
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
