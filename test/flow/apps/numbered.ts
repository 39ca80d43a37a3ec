import { trace } from '@opentelemetry/api'
import { logger } from '../../../src/index.ts'

const tracer = trace.getTracer('numbered')

logger.info('outside of any trace')
for (let number = 0; number < Number(process.argv[2]); number += 1) {
  tracer.startActiveSpan(`span ${number}`, (span) => {
    logger.info(`record ${number}`)
    span.end()
  })
}
