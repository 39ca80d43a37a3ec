import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

type Sink = Awaited<ReturnType<typeof otlpSink>>

async function sinks<Name extends string>(...names: Name[]): Promise<Record<Name, Sink>> {
  const made = await Promise.all(names.map(async (name) => [name, await otlpSink()] as const))
  onTestFinished(async () => void (await Promise.all(made.map(([, sink]) => sink.close()))))
  return Object.fromEntries(made) as Record<Name, Sink>
}

const credentials = Buffer.from('12345:glc_secret').toString('base64')

const acme = { 'tenant.id': 'acme', 'user.id': 'ann', 'user.email': 'ann@acme.test', 'tenant.app_name': 'app-acme' }
const bolt = { 'tenant.id': 'bolt', 'user.id': 'bob', 'user.email': 'bob@bolt.test', 'tenant.app_name': 'app-bolt' }

function contentOf(sink: Sink): { spans: unknown[]; records: unknown[] } {
  return {
    spans: sink.spans().map(({ name, kind, status, attributes, events, resource }) => ({
      name,
      kind,
      status,
      attributes,
      events: events.length,
      service: resource['service.name'],
    })),
    records: sink.logRecords().map(({ body, severityNumber, severityText, attributes, resource }) => ({
      body,
      severityNumber,
      severityText,
      attributes: { ...withoutMessage(attributes), 'exception.stacktrace': undefined },
      service: resource['service.name'],
    })),
  }
}

/** What a log record has at Logfire alone. */
const withoutMessage = (attributes: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== 'logfire.msg'))

function expectOrders(sink: Sink): void {
  expect(sink.spans().map(({ name, attributes }) => [name, attributes])).toEqual([
    // In the order in which they ended, but grouped by tracer, as OTLP has it.
    ['price', { ...acme, 'operation.type': 'update' }],
    ['price', { ...bolt, 'operation.type': 'update' }],
    ['order acme', { ...acme, 'operation.type': 'update', 'order.lines': 1 }],
    ['order bolt', { ...bolt, 'operation.type': 'update', 'order.lines': 1 }],
  ])
  const records = sink.logRecords()
  expect(
    records.map(({ severityNumber, body, attributes }) => [severityNumber, body, attributes['tenant.id']]),
  ).toEqual([
    [9, 'starting', undefined],
    [9, 'taking order of acme', 'acme'],
    [13, 'using list price', 'acme'],
    [9, 'taking order of bolt', 'bolt'],
    [13, 'using list price', 'bolt'],
    [17, 'outside of any span', 'explicit'],
  ])
  expect(withoutMessage(records[1]?.attributes ?? {})).toEqual({
    ...acme,
    'operation.type': 'update',
    order: 7,
    lines: [{ sku: 'a' }],
  })
  expect(records[2]?.attributes).toMatchObject({
    ...acme,
    step: 'price',
    'exception.type': 'RangeError',
    'exception.message': 'no price',
  })
  const price = sink.spans().find(({ name }) => name === 'price')
  expect([records[2]?.traceId, records[2]?.spanId]).toEqual([price?.traceId, price?.spanId])
  expect(records[0]?.traceId).toBe('')
}

describe('unchanged code', () => {
  it('sends the same to three backends, to two, and to one', async () => {
    const { grafana, logfire, collector } = await sinks('grafana', 'logfire', 'collector')
    const env = {
      OTEL_SERVICE_NAME: 'orders',
      GRAFANA_CLOUD_OTLP_ENDPOINT: `${grafana.url}/otlp`,
      GRAFANA_CLOUD_INSTANCE_ID: '12345',
      GRAFANA_CLOUD_API_KEY: 'glc_secret',
      LOGFIRE_TOKEN: 'pylf_v1_eu_secret',
      LOGFIRE_BASE_URL: logfire.url,
      TELEMETRY_COLLECTOR_ENDPOINT: collector.url,
    }
    const run = async (backends: string): Promise<void> => {
      const app = runApp('orders.ts', { env: { ...env, TELEMETRY_BACKENDS: backends } })
      expect(await app.ended).toMatchObject({ code: 0, signal: null })
      expect(app.stderr).toEqual([])
      expect(app.stdout.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('starting')
    }

    await run(' Grafana, logfire ,OTLP:collector,grafana')
    for (const sink of [grafana, logfire, collector]) expectOrders(sink)
    expect(contentOf(logfire)).toEqual(contentOf(grafana))
    expect(contentOf(collector)).toEqual(contentOf(grafana))
    expect(new Set(grafana.requests.map(({ path, headers }) => `${path} ${headers['authorization']}`))).toEqual(
      new Set([`/otlp/v1/traces Basic ${credentials}`, `/otlp/v1/logs Basic ${credentials}`]),
    )
    expect(new Set(logfire.requests.map(({ path, headers }) => `${path} ${headers['authorization']}`))).toEqual(
      new Set(['/v1/traces pylf_v1_eu_secret', '/v1/logs pylf_v1_eu_secret']),
    )
    expect(
      collector.requests.every(
        ({ headers }) => headers['authorization'] === undefined && headers['content-encoding'] === 'gzip',
      ),
    ).toBe(true)

    const before = [grafana, logfire, collector].map(({ requests }) => requests.length)
    await run('logfire,grafana')
    await run('otlp:collector')
    expect(collector.spans()).toHaveLength(8)
    expect(grafana.spans()).toHaveLength(8)
    expect(logfire.logRecords()).toHaveLength(12)
    expect([grafana, logfire, collector].map(({ requests }, index) => requests.length - (before[index] ?? 0))).toEqual([
      2, 2, 2,
    ])
  })

  it('gives a share of the traces with their records, the same to all that take that share', async () => {
    const { all, half, alike, few } = await sinks('all', 'half', 'alike', 'few')
    const app = runApp('numbered.ts', {
      args: ['400'],
      env: {
        TELEMETRY_BACKENDS: 'otlp:all,otlp:half,otlp:alike,otlp:few',
        TELEMETRY_ALL_ENDPOINT: all.url,
        TELEMETRY_HALF_ENDPOINT: half.url,
        TELEMETRY_HALF_SAMPLE: '0.5',
        TELEMETRY_ALIKE_ENDPOINT: alike.url,
        TELEMETRY_ALIKE_SAMPLE: '.5',
        TELEMETRY_ALIKE_EXPORTER: 'official',
        TELEMETRY_FEW_ENDPOINT: few.url,
        TELEMETRY_FEW_SAMPLE: '0.1',
      },
    })
    expect(await app.ended).toMatchObject({ code: 0, signal: null })
    const spansOf = (sink: Sink): string[] => sink.spans().map(({ name }) => name)
    const recordsOf = (sink: Sink): string[] => sink.logRecords().map(({ body }) => String(body))
    expect(spansOf(all)).toHaveLength(400)
    expect(recordsOf(all)).toHaveLength(401)
    // Two hundred, give or take five standard deviations.
    expect(Math.abs(spansOf(half).length - 200)).toBeLessThan(50)
    expect(recordsOf(half)).toEqual([
      'outside of any trace',
      ...spansOf(half).map((name) => name.replace('span', 'record')),
    ])
    expect(spansOf(alike)).toEqual(spansOf(half))
    expect(recordsOf(alike)).toEqual(recordsOf(half))
    expect(spansOf(few).length).toBeGreaterThan(5)
    expect(spansOf(half)).toEqual(expect.arrayContaining(spansOf(few)))
    expect(recordsOf(few)).toHaveLength(spansOf(few).length + 1)
  })

  it('holds back what a backend does not want: signals and levels', async () => {
    const { traces, warnings } = await sinks('traces', 'warnings')
    const app = runApp('orders.ts', {
      env: {
        TELEMETRY_BACKENDS: 'otlp:traces,otlp:warnings',
        TELEMETRY_TRACES_ENDPOINT: traces.url,
        TELEMETRY_TRACES_SIGNALS: 'traces',
        TELEMETRY_WARNINGS_ENDPOINT: warnings.url,
        TELEMETRY_WARNINGS_SIGNALS: 'logs',
        TELEMETRY_WARNINGS_MIN_LEVEL: 'warn',
        TELEMETRY_WARNINGS_COMPRESSION: 'none',
        OTEL_LOG_LEVEL: 'info',
        OTEL_SERVICE_NAME: 'orders',
      },
    })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(app.stderr).toEqual(['signalbox: started "orders": traces to "traces"; logs to "warnings".'])
    expect([traces.spans().length, traces.logRecords().length]).toEqual([4, 0])
    expect([warnings.spans().length, warnings.logRecords().map(({ body }) => body)]).toEqual([
      0,
      ['using list price', 'using list price', 'outside of any span'],
    ])
    expect(warnings.requests[0]?.headers['content-encoding']).toBeUndefined()
  })

  it.each([
    [{ TELEMETRY_BACKENDS: 'none' }, []],
    [{}, ['signalbox: TELEMETRY_BACKENDS is not set, taking "none": nothing is exported.']],
    [
      { TELEMETRY_BACKENDS: 'none', OTEL_LOG_LEVEL: 'info', OTEL_SERVICE_NAME: 'api' },
      ['signalbox: started "api": nothing is exported.'],
    ],
  ])('runs without any backend: %j', async (env, stderr) => {
    const app = runApp('orders.ts', { env })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(app.stderr).toEqual(stderr)
    const lines = app.stdout.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toHaveLength(6)
    expect(lines[1]).toMatchObject({
      level: 30,
      msg: 'taking order of acme',
      'tenant.id': 'acme',
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
  })

  it('keeps context but records nothing with OTEL_SDK_DISABLED', async () => {
    const { collector } = await sinks('collector')
    const env = { OTEL_SDK_DISABLED: 'TRUE', TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    const app = runApp('orders.ts', { env })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(collector.requests).toEqual([])
    expect(JSON.parse(app.stdout[1] ?? '')).toMatchObject({ msg: 'taking order of acme', 'tenant.id': 'acme' })
  })

  it('refuses to start with a bad configuration, naming every problem and no secret', async () => {
    const env = {
      TELEMETRY_BACKENDS: 'grafna,logfire',
      LOGFIRE_TOKEN: 'pylf_v1_mars_topsecret',
      TELEMETRY_QUEUE_MAX_ITEMS: 'many',
    }
    const app = runApp('orders.ts', { env })
    expect(await app.ended).toMatchObject({ code: 1 })
    const said = app.stderr.join('\n')
    for (const part of ['grafna', 'did you mean', 'LOGFIRE_TOKEN', 'TELEMETRY_QUEUE_MAX_ITEMS', 'many'])
      expect(said.toLowerCase()).toContain(part.toLowerCase())
    expect(said).not.toContain('topsecret')
    expect(app.stdout).toEqual([])
  })
})

describe('limits', () => {
  it('hold for spans and log records, and never cut off the tenant', async () => {
    const { collector } = await sinks('collector')
    const app = runApp('orders.ts', {
      env: {
        TELEMETRY_BACKENDS: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_ATTRIBUTE_COUNT_LIMIT: '7',
        OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4',
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '0',
      },
    })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(collector.spans().find(({ name }) => name === 'order acme')?.attributes).toEqual({
      ...acme,
      'operation.type': 'update',
    })
    const failed = collector.logRecords().find(({ severityNumber }) => severityNumber === 13)
    expect(failed?.attributes).toMatchObject({
      'tenant.id': 'acme',
      'user.email': 'ann@acme.test',
      'exception.type': 'Rang',
    })
    expect(Object.keys(failed?.attributes ?? {})).toHaveLength(7)
  })
})
