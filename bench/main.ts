// npm run bench [-- --runs=3] [-- --only=encode,spans,logs,http,memory] [-- --write]: stock OpenTelemetry and ours in one run.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { startPostgres } from '../test/support/postgres.ts'
import { type Case, casesOf, caseTable, encodeTable, memoryTable } from './tables.ts'
import { forkBench, load, messageFrom, type Sink, startSink } from './run.ts'

const flag = (name: string): string | undefined => new RegExp(`--${name}=(\\S+)`).exec(process.argv.join(' '))?.[1]
const runs = Number(flag('runs') ?? 3)
const parts = flag('only')?.split(',') ?? ['encode', 'spans', 'logs', 'http', 'memory']
const requestsPerSecond = 800
const loadSeconds = 5
/** Nobody listens there. */
const refusing = 'http://127.0.0.1:9'

async function measureRecords(one: Case, sink: Sink): Promise<void> {
  const child = forkBench('records.ts', [one.what, one.variant, sink.url, String(one.backends)])
  const { operations, expected, processMicros, mainMicros, delayMs } =
    await messageFrom<Record<'operations' | 'expected' | 'processMicros' | 'mainMicros' | 'delayMs', number>>(child)
  one.process.push(processMicros / operations)
  one.main.push(mainMicros / operations)
  one.delayMs.push(delayMs)
  one.delivered.push(one.backends === 0 ? 1 : (await sink.count()) / (expected * one.backends))
}

async function measureServer(one: Case, sink: Sink, databaseUrl: string): Promise<void> {
  const child = forkBench('server.ts', [one.variant, sink.url, String(one.backends), databaseUrl])
  const url = `http://127.0.0.1:${await messageFrom<number>(child)}`
  await load(url, requestsPerSecond, 2)
  child.send('start')
  const requests = await load(url, requestsPerSecond, loadSeconds)
  child.send('stop')
  const { processMicros, mainMicros } = await messageFrom<Record<'processMicros' | 'mainMicros', number>>(child)
  one.process.push(processMicros / requests)
  one.main.push(mainMicros / requests)
  await sink.count()
}

async function measureMemory(sink: Sink): Promise<string> {
  const bytesOf = async (what: string, variant: string, url: string, spool: string): Promise<number> => {
    const env = { BENCH_PATIENT: '1', TELEMETRY_SPOOL: spool }
    const child = forkBench('memory.ts', [what, variant, url], { env, execArgv: ['--expose-gc'] })
    const { bytes, count } = await messageFrom<{ bytes: number; count: number }>(child)
    return what === 'queue' ? bytes / count : bytes
  }
  const queue = [
    await bytesOf('queue', 'stock', `${sink.url}/hang`, 'off'),
    await bytesOf('queue', 'ours', `${sink.url}/hang`, 'off'),
  ] as const
  const outage = [
    await bytesOf('outage', 'stock', refusing, 'off'),
    await bytesOf('outage', 'ours', refusing, 'off'),
    await bytesOf('outage', 'ours', refusing, 'on-failure'),
  ] as const
  return memoryTable(queue, outage)
}

const sections: string[] = []
const [sink, postgres] = [await startSink(), await startPostgres()]
try {
  if (parts.includes('encode')) sections.push(encodeTable(await messageFrom(forkBench('encode.ts', []))))
  const records = (['spans', 'logs'] as const)
    .filter((what) => parts.includes(what))
    .map((what) => casesOf(what, [1, 2, 3]))
  const http = parts.includes('http') ? casesOf('http', [1, 3]) : []
  for (let run = 0; run < runs && records.length + http.length > 0; run += 1) {
    // Variants take turns, so that a noisy minute of the machine falls on all of them.
    for (const one of records.flat()) await measureRecords(one, sink)
    for (const one of http) await measureServer(one, sink, postgres.url)
    console.error(`run ${run + 1} of ${runs} done`)
  }
  sections.push(...records.map((cases) => caseTable(cases)))
  if (http.length > 0) sections.push(caseTable(http))
  if (parts.includes('memory')) sections.push(await measureMemory(sink))
} finally {
  sink.close()
  await postgres.stop()
}

const page = new URL('../docs/performance.md', import.meta.url)
const [begin, end] = ['<!-- bench: npm run bench -- --write -->', '<!-- /bench -->']
const { dependencies, devDependencies } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
const versions = ['@opentelemetry/sdk-trace', '@opentelemetry/exporter-trace-otlp-proto', 'pino', 'fastify', 'pg']
  .map((name) => `${name.replace('@opentelemetry/', '')} ${dependencies[name] ?? devDependencies[name]}`)
  .join(', ')
const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}; medians of ${runs} runs. ${versions}.`
const tables = [machine, ...sections].join('\n\n')
console.log(tables)
if (process.argv.includes('--write')) {
  const text = readFileSync(page, 'utf8')
  const [before, rest = ''] = text.split(begin)
  const [, after = ''] = rest.split(end)
  writeFileSync(page, `${before}${begin}\n\n${tables}\n\n${end}${after}`)
}
