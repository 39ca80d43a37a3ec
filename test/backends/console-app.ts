// A process that delivers one finished trace to the console backend on its real stdout and ends at once.
import { consoleBackend } from '../../src/backends/console.ts'
import { orderRequest, recorder } from './console-support.ts'

const [format, ending] = process.argv.slice(2)
const backend = consoleBackend.connect(
  {
    format: format === undefined || format === 'default' ? undefined : consoleBackend.options.format.parse(format),
    maxTraces: 10,
    maxTraceItems: 100,
    maxItems: 1_000,
    maxAgeMs: 30_000,
  },
  { name: 'console', timeoutMs: 1_000, compression: 'none', exporter: 'own' },
)
const sdk = recorder()
orderRequest(sdk)
const { traces, logs } = sdk.take()
const never = new AbortController().signal
await backend.deliver(traces, never)
await backend.deliver(logs, never)
if (ending === 'exit') process.exit(3)
if (ending === 'throw') throw new Error('as the application would')
