import { PassThrough } from 'node:stream'
import { InMemoryLogRecordExporter } from '@opentelemetry/sdk-logs'
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { Backend, BackendType, Outcome } from '../../src/backends/backend.ts'
import { createConsoleBackend } from '../../src/backends/console/create-console-backend.ts'
import { fromExporters } from '../../src/backends/parts/from-exporters.ts'
import { otlpHttp } from '../../src/backends/otlp-http.ts'
import { builtinBackends } from '../../src/backends/registry.ts'
import type { Option, OptionTable } from '../../src/config/option.ts'
import { Secret } from '../../src/config/secret.ts'
import { backendContract, contractBatches, createMemoryBackend, type DeclareTest } from '../../src/testing.ts'
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts'

let sink: OtlpSink
let hanging: OtlpSink
let away: string

beforeAll(async () => {
  sink = await otlpSink()
  hanging = await otlpSink()
  hanging.answer('hang')
  const gone = await otlpSink()
  away = gone.url
  await gone.close()
})
afterAll(async () => void (await Promise.all([sink.close(), hanging.close()])))

function otlpTo(url: string, exporter: 'own' | 'official'): Backend {
  return otlpHttp({
    endpoints: { traces: `${url}/v1/traces`, logs: `${url}/v1/logs` },
    headers: {},
    timeoutMs: {},
    compression: {},
    exporter,
  })
}

/** Options of any built-in backend that point it at a receiver: its address, made-up credentials, defaults else. */
function optionsAt(url: string, { options }: BackendType): Record<string, unknown> {
  const valueOf = (name: string, option: Option): unknown => {
    if (['endpoint', 'baseUrl', 'url'].includes(name)) return url
    if (option.secret === true && option.default === undefined) return new Secret('contract')
    return option.default ?? (option.required === true ? option.parse(option.example) : undefined)
  }
  const table: OptionTable = options
  // What holds for one signal alone, and headers of any name, are left out.
  const own = Object.entries(table).filter(([name]) => !/^(traces|logs)|headers$|client|certificate/i.test(name))
  return Object.fromEntries(own.map(([name, option]) => [name, valueOf(name, option)]))
}

function connectTo(type: string, url: string, exporter: 'own' | 'official' = 'own'): Backend {
  const builtin = builtinBackends[type] as BackendType
  return builtin.connect(optionsAt(url, builtin), { name: type, timeoutMs: 10_000, compression: 'gzip', exporter })
}

const isReached = (type: string): boolean =>
  ['endpoint', 'baseUrl', 'url'].some((name) => name in builtinBackends[type]!.options)

it('finds the backends that send somewhere', () =>
  expect(Object.keys(builtinBackends).filter(isReached)).toEqual(
    expect.arrayContaining(['grafana', 'logfire', 'otlp']),
  ))

describe.each(['own', 'official'] as const)('with the %s exporter', (exporter) => {
  describe.each(Object.keys(builtinBackends).filter(isReached))('%s', (type) => {
    backendContract(test, () => connectTo(type, sink.url, exporter), {
      makeUnreachable: () => connectTo(type, away, exporter),
      makeHanging: () => connectTo(type, hanging.url, exporter),
    })
  })

  describe('OTLP over HTTP', () => {
    backendContract(test, () => otlpTo(sink.url, exporter), {
      makeUnreachable: () => otlpTo(away, exporter),
      makeHanging: () => otlpTo(hanging.url, exporter),
    })
  })
})

describe('exporters of others', () => {
  backendContract(test, () =>
    fromExporters({ traces: new InMemorySpanExporter(), logs: new InMemoryLogRecordExporter() }),
  )
})

describe('memory', () => {
  backendContract(test, () => connectTo('memory', ''))
  backendContract(
    (name, run) => test(`${name}, made in a test`, run),
    () => createMemoryBackend(),
  )
})

describe.each(['tree', 'lines', 'json'] as const)('console as %s', (format) => {
  backendContract(test, () => createConsoleBackend({ stream: new PassThrough().resume(), format }))
})

/** Runs the contract with a runner of two lines; answers with the names of the tests that failed. */
async function failuresOf(make: () => Backend, options: Parameters<typeof backendContract>[2] = {}): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = []
  const declare: DeclareTest = (name, run) => tests.push([name, run])
  backendContract(declare, make, { timeoutMs: 200, ...options })
  const failed: string[] = []
  for (const [name, run] of tests) await run().catch(() => failed.push(name))
  return failed
}

describe('the contract itself', () => {
  const delivered: Outcome = { kind: 'delivered' }
  const good: Backend = { deliver: async () => delivered }
  const deliveries = [
    'delivers traces with awkward values',
    'delivers logs with awkward values',
    'delivers one batch after the other',
  ]

  it('passes a backend that does no more than it must, with any runner', async () => {
    expect(await failuresOf(() => good)).toEqual([])
    expect(await failuresOf(() => ({ ...good, signals: ['logs'] }))).toEqual([])
  })

  it.each<[string, Backend, string[]]>([
    [
      'throws',
      { deliver: () => Promise.reject(new Error('no')) },
      [...deliveries, 'leaves the batch as it is', 'can deliver after an attempt that was aborted'],
    ],
    [
      'answers rubbish',
      { deliver: async () => 'ok' as never },
      [...deliveries, 'leaves the batch as it is', 'can deliver after an attempt that was aborted'],
    ],
    ['never closes', { ...good, close: () => new Promise(() => {}) }, ['closes without ever having delivered']],
    ['checks with rubbish', { ...good, check: async () => true as never }, ['answers a check with an outcome']],
    ['names a signal that is none', { ...good, signals: ['profiles' as never] }, ['names only signals there are']],
    [
      'changes its batch',
      {
        deliver: async (batch) => {
          if (batch.signal === 'traces') Object.assign(batch.spans[0]?.attributes ?? {}, { added: true })
          return delivered
        },
      },
      ['delivers traces with awkward values', 'leaves the batch as it is'],
    ],
  ])('fails a backend that %s', async (_, backend, expected) => {
    expect(await failuresOf(() => backend)).toEqual(expect.arrayContaining(expected))
  })

  it('fails a backend that says delivered of a destination that is away, or that cannot be aborted', async () => {
    expect(await failuresOf(() => good, { makeUnreachable: () => good })).toEqual([
      'says that its destination is away instead of throwing',
    ])
    const deaf: Backend = { deliver: () => new Promise(() => {}) }
    expect(await failuresOf(() => good, { makeHanging: () => deaf })).toEqual([
      'gives up when the attempt is aborted half-way',
    ])
  })

  it('hands out values that arrive as they are', async () => {
    const from = [sink.spans().length, sink.logRecords().length]
    const backend = otlpTo(sink.url, 'own')
    for (const batch of Object.values(contractBatches())) await backend.deliver(batch, new AbortController().signal)
    await backend.close?.()
    const spans = sink.spans().slice(from[0])
    const records = sink.logRecords().slice(from[1])
    expect(spans.map(({ name }) => name)).toEqual(['plain', 'awkward', ''])
    expect(spans[1]?.attributes).toMatchObject({
      emoji: '👩‍👩‍👧‍👦',
      'lone.surrogate': 'a\ufffdb',
      negative: -7,
      numbers: [1, 2.5, -3],
    })
    expect(records.map(({ body }) => typeof body)).toEqual(['string', 'object', 'object', 'string', 'string'])
    expect(records[1]?.body).toEqual({ nested: { deep: [1, 'two', null, { three: true }] } })
  })
})
