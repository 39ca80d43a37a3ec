// The cases of a benchmark, and the tables that show them.
import { median } from './run.ts'
import type { Variant } from './telemetry.ts'

export interface Case {
  readonly what: 'spans' | 'logs' | 'http'
  readonly variant: Variant
  readonly backends: number
  /** CPU microseconds per operation: of the main thread, and of the whole process. */
  readonly main: number[]
  readonly process: number[]
  /** The 99th percentile of the event loop's delay. */
  readonly delayMs: number[]
  /** The share of what was made that arrived. */
  readonly delivered: number[]
}

const fresh = (what: Case['what'], variant: Variant, backends: number): Case => ({
  what,
  variant,
  backends,
  main: [],
  process: [],
  delayMs: [],
  delivered: [],
})

export function casesOf(what: Case['what'], counts: readonly number[]): Case[] {
  return [
    fresh(what, 'none', 0),
    ...counts.flatMap((backends) => (['stock', 'ours'] as const).map((variant) => fresh(what, variant, backends))),
  ]
}

const titles = {
  spans: ['Spans of six attributes, 40,000 a second', 'span'],
  logs: ['pino records of four fields, 40,000 a second', 'record'],
  http: ['fastify + pg + pino at 800 requests a second', 'request'],
} as const

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

/** What each variant adds to the same work without telemetry. */
export function caseTable(cases: readonly Case[]): string {
  const [none] = cases as readonly [Case, ...Case[]]
  const [title, noun] = titles[none.what]
  const base = { main: median(none.main), process: median(none.process) }
  const added = (one: Case, of: 'main' | 'process'): number => median(one[of]) - base[of]
  const rows = cases.slice(1).map((one) => {
    const stock = cases.find(({ variant, backends }) => variant === 'stock' && backends === one.backends) ?? one
    const first = cases.find(({ variant, backends }) => variant === one.variant && backends === 1) ?? one
    const ratio = (of: 'main' | 'process'): string =>
      one === stock ? '' : `${(added(one, of) / added(stock, of)).toFixed(2)} ×`
    const further = one === first ? '' : ((added(one, 'main') - added(first, 'main')) / (one.backends - 1)).toFixed(2)
    const delay = one.delayMs.length === 0 ? '' : median(one.delayMs).toFixed(1)
    const delivered = one.delivered.length === 0 ? '' : `${(median(one.delivered) * 100).toFixed(1)} %`
    const [main, all] = [added(one, 'main').toFixed(2), added(one, 'process').toFixed(2)]
    return row([one.variant, one.backends, main, ratio('main'), all, ratio('process'), further, delay, delivered])
  })
  const head = [
    'variant',
    'backends',
    `main thread, µs per ${noun}`,
    'ours to stock',
    'process',
    'ours to stock',
    'each further backend, main thread',
    'p99 of the loop, ms',
    'delivered',
  ]
  const without = `Without telemetry ${base.main.toFixed(1)} µs on the main thread, ${base.process.toFixed(1)} in the process; the rows say what is added to that.`
  return [`### ${title}`, '', without, '', row(head), row(head.map(() => '---')), ...rows].join('\n')
}

export interface Encoding {
  readonly spanBytes: number
  readonly recordBytes: number
  readonly micros: Readonly<Record<string, number>>
}

export function encodeTable({ spanBytes, recordBytes, micros }: Encoding): string {
  const line = (name: string, bytes: number): string => {
    const [stock = 0, ours = 0] = [micros[`${name}, stock`], micros[`${name}, ours`]]
    return row([`${name} of ${bytes} bytes`, stock.toFixed(2), ours.toFixed(2), `${(ours / stock).toFixed(2)} ×`])
  }
  const head = [row(['', 'official serializer, µs', 'ours, µs', 'ours to stock']), row(['---', '---', '---', '---'])]
  return [
    '### Encoding alone, in batches of 512',
    '',
    ...head,
    line('span', spanBytes),
    line('log record', recordBytes),
  ].join('\n')
}

const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`

export function memoryTable(
  [stockSpan, ourSpan]: readonly [number, number],
  [stock, inMemory, onDisk]: readonly [number, number, number],
): string {
  const head = [row(['', 'stock', 'ours', 'ours, with the spool']), row(['---', '---', '---', '---'])]
  return [
    '### Memory',
    '',
    ...head,
    row(['held per waiting span, bytes', stockSpan.toFixed(0), ourSpan.toFixed(0), '']),
    row([
      'growth of the resident memory in an outage of ten minutes',
      mebibytes(stock),
      mebibytes(inMemory),
      mebibytes(onDisk),
    ]),
  ].join('\n')
}
