// A server with a health check that looks at the database's port: it must leave nothing behind when it is ignored.
import { createServer } from 'node:http'
import { trace } from '@opentelemetry/api'
import { logger } from '../../../src/index.ts'

const server = createServer((request, response) => {
  trace.getTracer('health').startActiveSpan('look', (span) => {
    logger.info({ path: request.url }, 'looked')
    span.end()
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as { port: number }).port}`))
