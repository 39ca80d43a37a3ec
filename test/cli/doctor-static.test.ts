import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { doctor, folder, signalbox } from './support.ts'

const grafana = {
  TELEMETRY_BACKENDS: 'grafana',
  GRAFANA_CLOUD_OTLP_ENDPOINT: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp',
  GRAFANA_CLOUD_INSTANCE_ID: '123456',
  GRAFANA_CLOUD_API_KEY: 'glc_s3cret',
}

it('finds nothing wrong, says where values stand, and shows no credential', async () => {
  const { code, report, stdout } = await doctor(grafana)
  expect([code, report.ok, report.findings]).toEqual([0, true, []])
  expect(report.backends).toEqual([
    {
      name: 'grafana',
      type: 'grafana',
      signals: ['traces', 'logs', 'metrics'],
      endpoints: {
        traces: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces',
        logs: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/logs',
        metrics: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/metrics',
      },
      values: [
        { name: 'endpoint', value: grafana.GRAFANA_CLOUD_OTLP_ENDPOINT, source: 'GRAFANA_CLOUD_OTLP_ENDPOINT' },
        { name: 'instanceId', value: '123456', source: 'GRAFANA_CLOUD_INSTANCE_ID' },
        { name: 'apiKey', value: '***', source: 'GRAFANA_CLOUD_API_KEY' },
      ],
      findings: [],
    },
  ])
  expect(stdout).not.toContain('s3cret')
})

it('finds that there is no place for what waits', async () => {
  const { code, findings } = await doctor({
    ...grafana,
    TELEMETRY_SPOOL: 'on-failure',
    TELEMETRY_SPOOL_DIR: '/dev/null/spool',
  })
  expect(code).toBe(0)
  expect(findings).toMatchObject([
    {
      severity: 'warning',
      code: 'spool_not_writable',
      source: 'TELEMETRY_SPOOL_DIR',
      message: '/dev/null/spool cannot be written: what waits is held in memory alone',
    },
  ])
})

it('prints the same for people, without colours', async () => {
  const { code, stdout, stderr } = await signalbox(['doctor'], grafana)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('  apiKey = *** (GRAFANA_CLOUD_API_KEY)\n')
  expect(stdout).toContain('0 problems, 0 warnings. Nothing was sent; --live sends a test span and log record.\n')
  expect(stdout).not.toContain('\u001b')
})

it.each([
  [
    'without /otlp',
    { GRAFANA_CLOUD_OTLP_ENDPOINT: 'https://otlp-gateway-prod-eu-west-2.grafana.net' },
    'GRAFANA_CLOUD_OTLP_ENDPOINT',
    /does not end in \/otlp/,
    /Copy the endpoint/,
  ],
  [
    'of a data source',
    { GRAFANA_CLOUD_OTLP_ENDPOINT: 'https://a.grafana.net/tempo' },
    'GRAFANA_CLOUD_OTLP_ENDPOINT',
    /one data source/,
    /Copy the endpoint/,
  ],
  [
    'with the path of a signal',
    { GRAFANA_CLOUD_OTLP_ENDPOINT: 'https://otlp-gateway-x.grafana.net/otlp/v1/traces' },
    'GRAFANA_CLOUD_OTLP_ENDPOINT',
    /ends in \/v1\/traces/,
    /^Take \/v1\/traces off/,
  ],
  ['with a token with a line break', { GRAFANA_CLOUD_API_KEY: 'glc_a\nb' }, 'GRAFANA_CLOUD_API_KEY', /line break/, /./],
  [
    'with Basic%2520',
    {
      GRAFANA_CLOUD_INSTANCE_ID: '',
      GRAFANA_CLOUD_API_KEY: '',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%2520MTI6YQ==',
    },
    'OTEL_EXPORTER_OTLP_HEADERS',
    /%20 after "Basic" that was encoded twice/,
    /Write one %20/,
  ],
  [
    'with wrapped base64',
    {
      GRAFANA_CLOUD_INSTANCE_ID: '',
      GRAFANA_CLOUD_API_KEY: '',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic MTIz\nNDU6YQ==',
    },
    'OTEL_EXPORTER_OTLP_HEADERS',
    /line/,
    /base64 -w0/,
  ],
  [
    'with a line break in the encoded token',
    {
      GRAFANA_CLOUD_INSTANCE_ID: '',
      GRAFANA_CLOUD_API_KEY: '',
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Basic ${btoa('12:glc_a\n')}`,
    },
    'OTEL_EXPORTER_OTLP_HEADERS',
    /ends in a line break/,
    /base64 -w0/,
  ],
] as const)('names the mistake of Grafana %s', async (_, env, source, message, fix) => {
  const { code, report } = await doctor({ ...grafana, ...env })
  expect([code, report.ok]).toEqual([1, false])
  expect(report.findings).toEqual([
    {
      severity: 'error',
      code: 'config_invalid',
      source,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(fix),
    },
  ])
})

it.each([
  [
    'grpc_port',
    { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317' },
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'Take the HTTP port, usually 4318.',
  ],
  [
    'query_address',
    { ...grafana, GRAFANA_CLOUD_OTLP_ENDPOINT: 'https://acme.grafana.net/otlp' },
    'GRAFANA_CLOUD_OTLP_ENDPOINT',
    'Copy the address from the OpenTelemetry card: https://otlp-gateway-<zone>.grafana.net/otlp.',
  ],
  [
    'wrong_region',
    {
      TELEMETRY_BACKENDS: 'logfire',
      LOGFIRE_TOKEN: 'pylf_v1_eu_abc',
      LOGFIRE_BASE_URL: 'https://logfire-us.pydantic.dev',
    },
    'LOGFIRE_BASE_URL',
    'Unset it: the token says where its region is; or take a token of that region.',
  ],
  [
    'proxy_not_used',
    { ...grafana, HTTPS_PROXY: 'http://proxy:3128' },
    'HTTPS_PROXY',
    'Let this machine reach the backends without the proxy, or send to a collector that can, with the backend otlp.',
  ],
  [
    'signal_path_twice',
    { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1/v1/traces/v1/traces' },
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'Take one /v1/… off.',
  ],
])('warns of %s without failing', async (code, env, source, fix) => {
  const { code: exit, findings } = await doctor(env)
  expect([exit, findings]).toEqual([0, [{ severity: 'warning', code, source, message: expect.any(String), fix }]])
})

it('says that no backend is set, and that .env is not read', async () => {
  const cwd = folder()
  writeFileSync(join(cwd, '.env'), 'TELEMETRY_BACKENDS=console\n')
  const { code, findings } = await doctor({}, [], cwd)
  expect([code, findings]).toEqual([
    1,
    [
      {
        severity: 'error',
        code: 'no_backends',
        source: 'TELEMETRY_BACKENDS',
        message:
          'it is not set: nothing is delivered (.env sets it, but nothing reads that file: start node with --env-file=.env)',
        fix: 'Set it to some of grafana, logfire, otlp, console; or to none.',
      },
    ],
  ])
})

it('reads the configuration file, and says where in it a value stands', async () => {
  const cwd = folder()
  writeFileSync(
    join(cwd, 'telemetry.yaml'),
    'serviceName: orders\nbackends:\n  - type: otlp\n    name: eu\n    endpoint: http://127.0.0.1:9\n',
  )
  const { report } = await doctor({ TELEMETRY_CONFIG: 'telemetry.yaml' }, [], cwd)
  expect(report.values[0]).toEqual({ name: 'service.name', value: 'orders', source: 'telemetry.yaml: serviceName' })
  expect(report.backends[0]?.values).toEqual([
    { name: 'endpoint', value: 'http://127.0.0.1:9/', source: 'telemetry.yaml: backends[0].endpoint' },
  ])
})
