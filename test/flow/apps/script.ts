// A script that ends by itself, in the way that HOW says.
import { trace } from '@opentelemetry/api'
import { logger, tenant, withTenant } from '../../../src/index.ts'

const how = process.env['HOW']
const tracer = trace.getTracer('script')
for (let index = 0; index < 100; index += 1) tracer.startSpan(`span ${index}`).end()
logger.info('worked')

if (how === 'survives') process.on('uncaughtException', () => console.log('survived'))
if (how === 'handles rejections') process.on('unhandledRejection', () => console.log('handled'))
switch (how) {
  case 'works on':
    setTimeout(() => {}, 500)
    break
  case 'exit code':
    process.exitCode = 3
    break
  case 'exit':
    process.exit(4)
    break
  case 'throws':
  case 'survives':
    withTenant(tenant({ id: 'acme' }), () =>
      tracer.startActiveSpan('doomed', (span) => {
        setTimeout(() => span.end(), 50)
        setTimeout(() => {
          throw new RangeError('out of luck')
        }, 5)
      }),
    )
    break
  case 'rejects':
  case 'handles rejections':
    void Promise.reject(new RangeError('nobody cares'))
    break
}
