// A server that is stopped by signals; HANDLER says how the application itself takes them.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { logger, startTelemetry } from '../../../src/index.ts'

const server = createServer()
const tracer = trace.getTracer('server')
const drain = async (): Promise<void> => {
  tracer.startSpan('draining').end()
  server.close()
  await sleep(150)
  tracer.startSpan('drained').end()
  logger.info('drained')
}

switch (process.env['HANDLER']) {
  case 'ends':
    process.on('SIGTERM', () => void drain())
    break
  case 'exits':
    process.on(
      'SIGTERM',
      () =>
        void drain()
          .then(() => sleep(300))
          .then(() => process.exit(7)),
    )
    break
  case 'once':
    process.once('SIGTERM', () => void drain())
    break
}

server.listen(0, '127.0.0.1', () => {
  for (let index = 0; index < 100; index += 1) tracer.startSpan(`span ${index}`).end()
  logger.info('ready')
  console.log('ready')
  if (process.env['HANDLER'] === 'stops') {
    void startTelemetry().stop()
    console.log('stopping')
  }
})
