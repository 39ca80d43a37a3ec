// Records something again and again until it is told to stop.
import { trace } from '@opentelemetry/api'
import { logger, startTelemetry } from '../../../src/index.ts'

const work = setInterval(() => {
  trace.getTracer('shop').startSpan('order').end()
  logger.info('ordered')
}, 50)
process.once('SIGUSR2', () => {
  clearInterval(work)
  void startTelemetry()
    .stop()
    .then(() => console.log('stopped'))
})
console.log('ready')
