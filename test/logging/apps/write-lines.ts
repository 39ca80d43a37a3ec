import { createRequire } from 'node:module'
import { diagnostics } from '../../../src/diagnostics.ts'
import { logger } from '../../../src/logging/logger.ts'

// Writes as many lines as asked for, then reports its counters on stderr. `fill` is the length of each message.
const [count = '1', fill = '10', mode = ''] = process.argv.slice(2)
// A stream on stdout makes the descriptor non-blocking where it is a pipe, as any use of console.log does.
if (mode.includes('nonblocking')) process.stdout.on('error', () => {})
if (mode.includes('wait')) await new Promise<void>((resolve) => process.stdin.once('data', () => resolve()))
for (let index = 0; index < Number(count); index++) logger.info({ index }, '%s', 'é'.repeat(Number(fill)))
if (mode.includes('fatal')) logger.fatal('the end')
process.stderr.write(`counters ${JSON.stringify(diagnostics.counters())}\n`)
if (mode.includes('exit')) process.exit(3)
if (mode.includes('crash')) createRequire(import.meta.url)('./no-such-module.cjs')
process.stdin.destroy()
