// Starts after another SDK, or after an older API, and prints what it is told.
import { NodeSDK } from '@opentelemetry/sdk-node'
import { NoopSpanProcessor } from '@opentelemetry/sdk-trace'
import { isTelemetryError, startTelemetry } from '../../../src/index.ts'

if (process.env['OLD_API'] === '1') {
  Object.assign(globalThis, { [Symbol.for('opentelemetry.js.api.1')]: { version: '1.7.0' } })
} else {
  new NodeSDK({ spanProcessors: [new NoopSpanProcessor()], logRecordProcessors: [], metricReaders: [] }).start()
}
try {
  startTelemetry()
} catch (error) {
  if (!isTelemetryError(error)) throw error
  console.log(`${error.code} ${error.message}`)
  console.log(error.hint)
}
