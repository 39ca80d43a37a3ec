import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { errorOf, resolve } from './support.ts'

const everyView = (value: unknown): string =>
  [
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(value),
    String(value),
    value instanceof Error ? `${value.stack}` : '',
  ].join('\n')

const letters = fc.stringMatching(/^[a-zA-Z0-9]{16,24}$/)

describe('a credential', () => {
  it('is never seen in the error of a configuration', () => {
    fc.assert(
      fc.property(letters, (token) => {
        const error = errorOf(
          {
            TELEMETRY_BACKENDS: 'grafana,logfire,otlp,grafana:wrapped',
            GRAFANA_CLOUD_OTLP_ENDPOINT: `https://user:${token}@otlp.grafana.net/otlp`,
            GRAFANA_CLOUD_INSTANCE_ID: '1',
            GRAFANA_CLOUD_API_KEY: `glsa_${token}`,
            LOGFIRE_TOKEN: `pylf_v1_mars_${token}`,
            LOGFIRE_BASE_URL: '',
            OTEL_EXPORTER_OTLP_ENDPOINT: `http://collector.test/?key=${token}`,
            OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer ${token}`,
            OTEL_EXPORTER_OTLP_TRACES_HEADERS: `x=${token}%,${token}`,
            TELEMETRY_WRAPPED_ENDPOINT: 'https://x.grafana.net/otlp',
            TELEMETRY_WRAPPED_HEADERS: `Authorization=Basic${token}\n${token}`,
            TELEMETRY_CONFIG: 'x.ini',
          },
          { backends: undefined, sampler: 5, logging: { level: `Bearer ${token}` }, propagators: [`glc_${token}`] },
        )
        expect(error.problems.length).toBeGreaterThan(8)
        expect(everyView(error)).not.toContain(token)
      }),
      { numRuns: 30 },
    )
  })

  it('is never seen in the result', () => {
    fc.assert(
      fc.property(letters, (token) => {
        const config = resolve(
          {
            GRAFANA_CLOUD_OTLP_ENDPOINT: 'https://otlp-gateway-prod-us-east-0.grafana.net/otlp',
            GRAFANA_CLOUD_INSTANCE_ID: '1',
            GRAFANA_CLOUD_API_KEY: `glc_${token}`,
            OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer ${token}`,
          },
          { backends: ['grafana', { type: 'logfire', token: new Secret(token) }, 'otlp'] },
        )
        expect(config.backends).toHaveLength(3)
        expect(everyView(config)).not.toContain(token)
      }),
      { numRuns: 30 },
    )
  })

  it('is refused over plain http to another machine, and taken to this one', () => {
    const plain = 'http://collector.test'
    const sources = (env: Record<string, string>): string[] =>
      errorOf(env).problems.map(({ source, message }) => `${source}: ${message}`)
    const wrong = 'would get credentials over plain http'
    expect(
      sources({
        TELEMETRY_BACKENDS: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: plain,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-honeycomb-team=k',
      }),
    ).toEqual([`OTEL_EXPORTER_OTLP_ENDPOINT: "${plain}" ${wrong}`])
    expect(sources({ TELEMETRY_BACKENDS: 'logfire', LOGFIRE_BASE_URL: plain, LOGFIRE_TOKEN: 'abc' })).toEqual([
      `LOGFIRE_BASE_URL: "${plain}" ${wrong}`,
    ])
    expect(
      sources({
        TELEMETRY_BACKENDS: 'grafana',
        GRAFANA_CLOUD_OTLP_ENDPOINT: 'http://otlp-gateway-x.grafana.net/otlp',
        GRAFANA_CLOUD_INSTANCE_ID: '1',
        GRAFANA_CLOUD_API_KEY: 'k',
      }),
    ).toEqual([`GRAFANA_CLOUD_OTLP_ENDPOINT: "http://otlp-gateway-x.grafana.net/otlp" ${wrong}`])
    const local = {
      TELEMETRY_BACKENDS: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=k',
    }
    expect(resolve(local).backends).toHaveLength(1)
    const open = {
      TELEMETRY_BACKENDS: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: plain,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-scope-orgid=acme',
    }
    expect(resolve(open).backends).toHaveLength(1)
  })
})

describe('a problem', () => {
  it('cannot forge lines or colours, whatever stands in a value or a key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (given) => {
        const { message } = errorOf(
          { TELEMETRY_QUEUE_MAX_ITEMS: `x${given}` },
          { [`k${given}`]: 1, shutdownTimeoutMs: given, queue: 1 },
        )
        expect(message.replaceAll('\n  - ', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
      }),
    )
  })
})
