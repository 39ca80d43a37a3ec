import { describe, expect, it, onTestFinished } from 'vitest'
import type { TelemetryStatus } from '../../src/index.ts'
import { encodeMetricsPartialSuccess, type ReceivedMetric } from '../support/metrics-decode.ts'
import { otlpSink, type OtlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

async function sinkForTest(): Promise<OtlpSink> {
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  return sink
}

const called = (sink: OtlpSink, name: string): ReceivedMetric[] =>
  sink.metrics().filter((metric) => metric.name === name)
const last = (sink: OtlpSink, name: string): ReceivedMetric | undefined => called(sink, name).at(-1)
const statusIn = (lines: readonly string[]): TelemetryStatus =>
  JSON.parse(lines.find((line) => line.startsWith('STATUS '))?.slice(7) ?? '{}') as TelemetryStatus

describe('metrics', () => {
  it('go to every backend at a stop, cumulative, with the resource of the spans and without tenants or users', async () => {
    const [grafana, logfire, collector] = [await sinkForTest(), await sinkForTest(), await sinkForTest()]
    const app = runApp('metered.ts', {
      args: ['stops'],
      env: {
        OTEL_SERVICE_NAME: 'shop',
        TELEMETRY_BACKENDS: 'grafana,logfire,otlp:collector',
        GRAFANA_CLOUD_OTLP_ENDPOINT: `${grafana.url}/otlp`,
        GRAFANA_CLOUD_INSTANCE_ID: '12345',
        GRAFANA_CLOUD_API_KEY: 'glc_secret',
        LOGFIRE_TOKEN: 'pylf_v1_eu_secret',
        LOGFIRE_BASE_URL: logfire.url,
        TELEMETRY_COLLECTOR_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-of-another=1',
      },
    })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(app.stderr.filter((line) => !line.includes('left out'))).toEqual([])
    expect(grafana.metricRequests.map(({ path }) => path)).toEqual(['/otlp/v1/metrics'])
    expect(grafana.metricRequests[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('12345:glc_secret').toString('base64')}`,
      'content-encoding': 'gzip',
    })
    expect(grafana.metricRequests[0]?.headers).not.toHaveProperty('x-of-another')
    expect(logfire.metricRequests[0]).toMatchObject({
      path: '/v1/metrics',
      headers: { authorization: 'pylf_v1_eu_secret' },
    })
    for (const sink of [grafana, logfire, collector]) {
      expect(last(sink, 'shop.orders')).toMatchObject({
        kind: 'sum',
        temporality: 2,
        unit: '{order}',
        scope: 'shop',
        resource: sink.spans()[0]?.resource,
        points: [{ value: 6, attributes: { kind: 'book' } }],
      })
      expect(last(sink, 'http.server.request.duration')).toMatchObject({ kind: 'histogram', temporality: 2, unit: 's' })
      expect(last(sink, 'http.server.request.duration')?.points[0]).toMatchObject({
        value: 3,
        attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200 },
      })
      expect(last(sink, 'http.client.request.duration')?.points[0]?.value).toBe(3)
      const names = new Set(sink.metrics().map(({ name }) => name))
      expect([...names].filter((name) => /^(?:nodejs|v8js)\./.test(name))).not.toEqual([])
      const keys = sink.metrics().flatMap(({ points }) => points.flatMap(({ attributes }) => Object.keys(attributes)))
      expect(keys.filter((key) => /^(?:tenant|user|workos)\./.test(key))).toEqual([])
    }
    expect(app.stderr).toEqual([
      'signalbox: metrics have no attributes of tenants or users, as each value would be a series of its own: tenant.id, user.email left out',
    ])
  })

  it('tell of the delivery itself, by the names of the conventions', async () => {
    const [well, down] = [await sinkForTest(), await sinkForTest()]
    down.answer(400)
    const app = runApp('metered.ts', {
      args: ['stays'],
      env: {
        TELEMETRY_BACKENDS: 'otlp:well,otlp:down,console',
        TELEMETRY_WELL_ENDPOINT: well.url,
        TELEMETRY_DOWN_ENDPOINT: down.url,
        TELEMETRY_BATCH_MAX_AGE: '10ms',
        TELEMETRY_METRICS_INTERVAL: '200ms',
      },
    })
    const pointsOf = (name: string): Map<string, number> =>
      new Map(
        last(well, name)?.points.map(({ value, attributes }) => [
          [attributes['otel.component.name'], attributes['error.type']].join(' ').trim(),
          value,
        ]),
      )
    // Three spans of the server, three of the client and three orders.
    await well.waitFor(() => pointsOf('otel.sdk.exporter.span.exported').get('well/otlp_http_span_exporter') === 9)
    await well.waitFor(
      () => pointsOf('otel.sdk.exporter.span.exported').get('down/otlp_http_span_exporter http_400') === 9,
    )
    await well.waitFor(() => (pointsOf('otel.sdk.exporter.log.exported').get('well/otlp_http_log_exporter') ?? 0) >= 3)
    expect(pointsOf('otel.sdk.exporter.span.exported').get('console/console')).toBe(9)
    expect(pointsOf('otel.sdk.processor.span.queue.capacity').get('well/otlp_http_span_exporter')).toBe(65_536)
    expect(pointsOf('otel.sdk.processor.log.queue.size').get('well/otlp_http_log_exporter')).toBe(0)
    await well.waitFor(
      () => (pointsOf('otel.sdk.exporter.metric_data_point.exported').get('well/otlp_http_metric_exporter') ?? 0) > 0,
    )
    // Cumulative: what was counted is in every collection after it.
    expect(called(well, 'shop.orders').length).toBeGreaterThan(1)
    expect(called(well, 'shop.orders').at(-1)?.points[0]?.value).toBe(6)
    app.kill('SIGTERM')
    expect(await app.ended).toMatchObject({ signal: 'SIGTERM' })
  })

  it.each([
    ['refuses them', 401, 'http_401'],
    ['never answers', 'hang', 'timeout'],
  ] as const)('of a backend that %s harm nobody, and are counted', async (_, answer, reason) => {
    const [well, ill] = [await sinkForTest(), await sinkForTest()]
    ill.answerMetrics(answer)
    const app = runApp('metered.ts', {
      args: ['stops'],
      env: {
        TELEMETRY_BACKENDS: 'otlp:well,otlp:ill',
        TELEMETRY_WELL_ENDPOINT: well.url,
        TELEMETRY_ILL_ENDPOINT: ill.url,
        TELEMETRY_ILL_TIMEOUT: '300ms',
      },
    })
    expect(await app.ended).toMatchObject({ code: 0 })
    const { backends } = statusIn(app.stdout)
    const { accepted = 0 } = backends['ill']?.metrics ?? {}
    expect(accepted).toBeGreaterThan(10)
    expect(backends['ill']).toMatchObject({
      traces: { accepted: 9, delivered: 9 },
      metrics: { accepted, delivered: 0, queued: 0, dropped: { [reason]: accepted } },
      lastProblem: { reason },
    })
    expect(backends['well']?.metrics).toEqual({ accepted, delivered: accepted, queued: 0, dropped: {} })
    expect(ill.spans()).toHaveLength(9)
    expect(app.stderr.filter((line) => line.includes('backend "ill" (metrics) is failing'))).toHaveLength(1)
  })

  it('that Mimir takes with a warning are delivered, and the warning is said', async () => {
    const sink = await sinkForTest()
    sink.answerMetrics(200, encodeMetricsPartialSuccess(0, 'one sample was out of order'))
    const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }
    const app = runApp('metered.ts', { args: ['stops'], env })
    expect(await app.ended).toMatchObject({ code: 0 })
    const { metrics } = statusIn(app.stdout).backends['otlp'] ?? {}
    expect(metrics?.delivered).toBe(metrics?.accepted)
    expect(app.stderr.join('\n')).toContain('one sample was out of order')
  })

  it('are delivered when the process ends by itself, and after a second start', async () => {
    const sink = await sinkForTest()
    const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }
    expect(await runApp('metered.ts', { args: ['ends'], env }).ended).toMatchObject({ code: 0 })
    expect(last(sink, 'shop.orders')?.points[0]?.value).toBe(6)
    expect(await runApp('metered.ts', { args: ['restarts'], env }).ended).toMatchObject({ code: 0 })
    expect(last(sink, 'shop.again')?.points[0]?.value).toBe(1)
  })

  it.each([{ TELEMETRY_METRICS: 'false' }, { TELEMETRY_OTLP_SIGNALS: 'traces,logs' }])(
    'are not sent with %j',
    async (off) => {
      const sink = await sinkForTest()
      const env = {
        TELEMETRY_BACKENDS: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        ...(off as Record<string, string>),
      }
      const app = runApp('metered.ts', { args: ['stops'], env })
      expect(await app.ended).toMatchObject({ code: 0 })
      expect(sink.spans()).toHaveLength(9)
      expect(sink.metricRequests).toEqual([])
      expect(statusIn(app.stdout).backends['otlp']).not.toHaveProperty('metrics')
    },
  )
})
