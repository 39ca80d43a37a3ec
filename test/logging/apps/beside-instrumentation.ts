import { createRequire } from 'node:module'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { hookImports } from '../../../src/instrument/module-hooks.ts'
import { captureLogs } from '../../../src/logging/capture.ts'
import { logger } from '../../../src/logging/logger.ts'
import type { PendingLogRecord } from '../../../src/pipeline/pending-log-record.ts'

// Our logger is loaded before pino is instrumented, the application's own loggers after.
const entries: PendingLogRecord[] = []
captureLogs((entry) => entries.push(entry), { resource: resourceFromAttributes({}) })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new TracerProvider())
hookImports(['pino'])
registerInstrumentations({ instrumentations: [new PinoInstrumentation({ disableLogSending: true })] })

const imported = await import('pino')
const required = createRequire(import.meta.url)('pino') as typeof imported.pino
trace.getTracer('app').startActiveSpan('work', (span) => {
  logger.info('ours')
  imported.default({}, imported.destination({ fd: 1, sync: true })).info('default import')
  imported.pino({}, imported.destination({ fd: 1, sync: true })).info('named import')
  required({}, required.destination({ fd: 1, sync: true })).info('required')
  span.end()
  const records = entries.map((entry) => entry.toRecord())
  process.stderr.write(
    JSON.stringify({
      traceId: span.spanContext().traceId,
      records: records.map(({ body, spanContext, attributes }) => [body, spanContext?.traceId, attributes]),
    }),
  )
})
