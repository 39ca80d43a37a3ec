// npm run bench [-- --runs=5] [-- --write]: stock OpenTelemetry and ours in one run, as CPU time per operation.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { startPostgres } from '../test/support/postgres.ts'
import { forkBench, load, median, messageFrom, type Sink, startSink } from './run.ts'
import type { Variant } from './telemetry.ts'

const runs = Number(/--runs=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 5)
const requestsPerSecond = 800
const loadSeconds = 5

interface Case {
  readonly what: 'spans' | 'logs' | 'http'
  readonly variant: Variant
  readonly backends: number
  readonly micros: number[]
  readonly delivered: number[]
}

const variants = (what: Case['what'], counts: readonly number[]): Case[] => [
  { what, variant: 'none', backends: 0, micros: [], delivered: [] },
  ...counts.flatMap((backends) =>
    (['stock', 'ours'] as const).map((variant): Case => ({ what, variant, backends, micros: [], delivered: [] })),
  ),
]

async function measureRecords(one: Case, sink: Sink): Promise<void> {
  const child = forkBench('records.ts', [one.what, one.variant, sink.url, String(one.backends)])
  const { operations, expected, cpuMicros } =
    await messageFrom<Record<'operations' | 'expected' | 'cpuMicros', number>>(child)
  one.micros.push(cpuMicros / operations)
  one.delivered.push(one.backends === 0 ? 1 : (await sink.count()) / (expected * one.backends))
}

async function measureServer(one: Case, sink: Sink, databaseUrl: string): Promise<void> {
  const child = forkBench('server.ts', [one.variant, sink.url, String(one.backends), databaseUrl])
  const url = `http://127.0.0.1:${await messageFrom<number>(child)}`
  await load(url, requestsPerSecond, 2)
  child.send('start')
  const requests = await load(url, requestsPerSecond, loadSeconds)
  child.send('stop')
  const { cpuMicros } = await messageFrom<{ cpuMicros: number }>(child)
  one.micros.push(cpuMicros / requests)
  await sink.count()
}

function table(title: string, unit: string, cases: readonly Case[]): string {
  const base = median(cases[0]?.micros ?? [])
  const addedOf = (one: Case): number => median(one.micros) - base
  const rows = cases.map((one) => {
    const stock = cases.find(({ variant, backends }) => variant === 'stock' && backends === one.backends)
    const ratio = one.variant === 'ours' && stock !== undefined ? `${(addedOf(one) / addedOf(stock)).toFixed(2)} ×` : ''
    const spread = `${Math.min(...one.micros).toFixed(1)}–${Math.max(...one.micros).toFixed(1)}`
    const added = one.variant === 'none' ? '' : addedOf(one).toFixed(1)
    const delivered =
      one.delivered.length === 0 || one.variant === 'none' ? '' : `${(median(one.delivered) * 100).toFixed(1)} %`
    const cells = [one.variant, one.backends, median(one.micros).toFixed(1), spread, added, ratio, delivered]
    return `| ${cells.join(' | ')} |`
  })
  const head = `| variant | backends | ${unit} | min–max | added | added, ours to stock | delivered |`
  return [`### ${title}`, '', head, '| --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n')
}

const [sink, postgres] = [await startSink(), await startPostgres()]
const spans = variants('spans', [1, 2, 3])
const logs = variants('logs', [1, 2, 3])
const http = variants('http', [1, 3])
try {
  for (let run = 0; run < runs; run += 1) {
    // Variants take turns, so that a noisy minute of the machine falls on all of them.
    for (const one of [...spans, ...logs]) await measureRecords(one, sink)
    for (const one of http) await measureServer(one, sink, postgres.url)
    console.error(`run ${run + 1} of ${runs} done`)
  }
} finally {
  sink.close()
  await postgres.stop()
}

const report = [
  '# Performance',
  '',
  `Medians of ${runs} runs on ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, by \`npm run bench\`. CPU time is of`,
  'the whole process, delivery to a receiver in another process included, gzip on. «stock» is the official SDK with one',
  'batch processor and one OTLP exporter for each backend and signal. Machines differ: compare ratios.',
  '',
  table('Spans of six attributes', 'CPU µs per span', spans),
  '',
  table('pino records of four fields', 'CPU µs per record', logs),
  '',
  table(`fastify + pg + pino at ${requestsPerSecond} requests/s`, 'CPU µs per request', http),
  '',
].join('\n')
console.log(report)
if (process.argv.includes('--write')) writeFileSync(new URL('../docs/performance.md', import.meta.url), report)
