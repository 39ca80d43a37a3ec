// Writes to a stdout whose reader leaves after the first line, tells of itself on stderr, and lives on.
import { diagnostics } from '../../../src/diagnostics.ts'
import { createLineWriter } from '../../../src/transport/line-writer.ts'

const writer = createLineWriter(process.stdout)
const again = createLineWriter(process.stdout)
const never = new AbortController().signal

writer.write(['first'])
process.stdin.once('data', () => void goOn())

async function goOn(): Promise<void> {
  let written = 0
  while (!writer.closed) {
    writer.write([`line ${written}`, 'and another'])
    written += 2
    await new Promise((resolve) => setImmediate(resolve))
  }
  again.write(['never read'])
  process.stdout.write('the application writes too\n')
  await new Promise((resolve) => setImmediate(resolve))
  const report = {
    readiness: await again.ready(never),
    errorListeners: process.stdout.listenerCount('error'),
    written,
    counters: diagnostics.counters(),
  }
  process.stderr.write(`${JSON.stringify(report)}\n`)
  process.stdin.destroy()
}
