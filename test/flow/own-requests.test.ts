import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

const backends = {
  grafana: (url: string) => ({
    GRAFANA_CLOUD_OTLP_ENDPOINT: `${url}/otlp`,
    GRAFANA_CLOUD_INSTANCE_ID: '12345',
    GRAFANA_CLOUD_API_KEY: 'glc_secret',
  }),
  logfire: (url: string) => ({ LOGFIRE_TOKEN: 'pylf_v1_eu_secret', LOGFIRE_BASE_URL: url }),
  otlp: (url: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url }),
} as const

describe.each(['own', 'official'])('with the %s exporter', (exporter) => {
  it.each(Object.keys(backends) as (keyof typeof backends)[])(
    'no request of ours to %s is traced or measured: not the first, not one between, and not one of a stop',
    async (name) => {
      const sink = await otlpSink()
      onTestFinished(() => sink.close())
      const app = runApp('told-to-stop.ts', {
        env: {
          ...backends[name](sink.url),
          TELEMETRY_BACKENDS: name,
          [`TELEMETRY_${name.toUpperCase()}_EXPORTER`]: exporter,
          TELEMETRY_BATCH_MAX_AGE: '20ms',
          TELEMETRY_METRICS_INTERVAL: '150ms',
        },
      })
      await sink.waitFor(() => sink.metricRequests.length >= 2 && sink.requests.length >= 4)
      const before = sink.metricRequests.length
      app.kill('SIGUSR2')
      await app.line(/^stopped$/)
      expect(await app.ended).toMatchObject({ code: 0 })
      expect(app.stderr).toEqual([])
      expect(sink.metricRequests.length).toBeGreaterThan(before)
      expect(sink.logRecords().length).toBeGreaterThan(0)
      expect([...new Set(sink.spans().map((span) => span.name))]).toEqual(['order'])
      expect(sink.metrics().filter(({ name: metric }) => metric === 'http.client.request.duration')).toEqual([])
    },
  )
})
