import { describe, expect, it } from 'vitest'
import { problemOf, problemsOf, resolve } from '../config/support.ts'
import { connected, sinkForTest } from '../support/resolved-backend.ts'
import { logsOf, tracesOf } from '../support/telemetry-items.ts'

const never = new AbortController().signal
const base64 = (given: string): string => Buffer.from(given).toString('base64')
const good = base64('12345:glc_secret')
const gateway = 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp'
const standard = (headers: string, endpoint = gateway): Record<string, string> => ({
  TELEMETRY_BACKENDS: 'grafana',
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: headers,
})
const own = (more: Record<string, string | undefined> = {}): Record<string, string | undefined> => ({
  TELEMETRY_BACKENDS: 'grafana',
  GRAFANA_CLOUD_OTLP_ENDPOINT: gateway,
  GRAFANA_CLOUD_INSTANCE_ID: '12345',
  GRAFANA_CLOUD_API_KEY: 'glc_secret',
  ...more,
})

describe('grafana', () => {
  it.each([
    ['its own variables', (url: string) => own({ GRAFANA_CLOUD_OTLP_ENDPOINT: `${url}/otlp` })],
    [
      'its own variables beside headers for others',
      (url: string) =>
        own({
          GRAFANA_CLOUD_OTLP_ENDPOINT: `${url}/otlp`,
          OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer other,x-honeycomb-team=other',
        }),
    ],
    ['the standard form', (url: string) => standard(`Authorization=Basic ${good}`, `${url}/otlp/`)],
    [
      'the standard form, encoded',
      (url: string) => standard(`authorization=Basic%20${good.replaceAll('=', '%3D')}`, `${url}/otlp`),
    ],
    [
      'variables of its instance',
      (url: string) => own({ TELEMETRY_GRAFANA_ENDPOINT: `${url}/otlp`, GRAFANA_CLOUD_OTLP_ENDPOINT: 'http://x' }),
    ],
  ])('delivers both signals below /otlp with Basic credentials, from %s', async (_, envOf) => {
    const sink = await sinkForTest()
    const backend = connected('grafana', envOf(sink.url))
    expect(await backend.deliver(tracesOf('span'), never)).toEqual({ kind: 'delivered' })
    expect(await backend.deliver(logsOf('record'), never)).toEqual({ kind: 'delivered' })
    expect(
      sink.requests.map(({ path, headers }) => [path, headers['authorization'], headers['content-encoding']]),
    ).toEqual([
      ['/otlp/v1/traces', `Basic ${good}`, 'gzip'],
      ['/otlp/v1/logs', `Basic ${good}`, 'gzip'],
    ])
    expect(sink.requests.some(({ headers }) => 'x-honeycomb-team' in headers)).toBe(false)
  })

  it.each([
    [`Authorization=Basic${good}`, /has no space after "Basic"\. Write "Basic " or "Basic%20"/],
    [`Authorization=Basic%2520${good}`, /has a %20 after "Basic" that was encoded twice/],
    [
      `Authorization=Basic ${good.slice(0, 8)} ${good.slice(8)}`,
      /has white space inside its base64: the line was wrapped\. .*base64 -w0/,
    ],
    [`Authorization=Basic ${good.slice(0, 8)}\n${good.slice(8)}`, /has a line break in it\. .*base64 -w0/],
    ['Authorization=Bearer glc_secret', /uses Bearer where Basic is wanted/],
    ['Authorization=glc_secret', /does not begin with "Basic "/],
    ['Authorization=Basic', /has nothing after "Basic"/],
    ['Authorization=Basic 12345:glc_secret', /has characters after "Basic" that are not base64/],
    [`Authorization=Basic ${base64('glc_secret')}`, /does not decode to id:token/],
    [`Authorization=Basic ${base64('glc_secret:12345')}`, /decodes to an instance id that is not a number/],
    [`Authorization=Basic ${base64('12345:')}`, /decodes to an empty token/],
    [`Authorization=Basic ${base64('12345:glc_secret\n')}`, /decodes to a token that ends in a line break/],
    [
      `Authorization=Basic ${base64('12345:glsa_secret')}`,
      /is a token of a service account, which cannot send telemetry/,
    ],
    ['x-other=1', /has no Authorization/],
    ['Authorization=Basic%', /has a "%" in the value of "Authorization" that begins no percent-encoded character/],
    [`Authorization: Basic ${good}`, /has a ":" after the header name/],
  ])('says what is wrong with %j, and shows none of it', (headers, expected) => {
    const problem = problemOf(standard(headers))
    expect(problem).toMatch(/^OTEL_EXPORTER_OTLP_HEADERS: \*\*\* /)
    expect(problem).toMatch(expected)
    expect(problem).not.toContain('secret')
    expect(problem).not.toContain(good.slice(0, 8))
  })

  it.each([
    ['https://otlp-gateway-prod-eu-west-2.grafana.net', /does not end in \/otlp/],
    [`${gateway}/v1/traces`, /ends in \/v1\/traces\. Take \/v1\/traces off/],
    ['https://acme.grafana.net/tempo', /is the address of one data source and not of the OTLP gateway/],
    ['https://logs-prod-eu-west-0.grafana.net/loki/api/v1/push', /is the address of one data source/],
    ['https://otlp.acme.test/otlp', /is not an address of grafana\.net\. .* use the backend otlp\./],
    ['https://evilgrafana.net/otlp', /is not an address of grafana\.net/],
    ['otlp-gateway-prod-eu-west-2.grafana.net/otlp', /is not an http or https URL\. Write it with its scheme/],
    ['http://127.0.0.1:4318/', /does not end in \/otlp/],
  ])('refuses the endpoint %s', (endpoint, expected) => {
    expect(problemOf(own({ GRAFANA_CLOUD_OTLP_ENDPOINT: endpoint }))).toMatch(expected)
  })

  it('names every variable that is missing or wrong', () => {
    const sources = (env: Record<string, string | undefined>): string[] => problemsOf(env).map(({ source }) => source)
    expect(sources({ TELEMETRY_BACKENDS: 'grafana' })).toEqual([
      'GRAFANA_CLOUD_OTLP_ENDPOINT',
      'GRAFANA_CLOUD_INSTANCE_ID',
      'GRAFANA_CLOUD_API_KEY',
    ])
    expect(sources(own({ GRAFANA_CLOUD_API_KEY: undefined }))).toEqual(['GRAFANA_CLOUD_API_KEY'])
    expect(problemOf(own({ GRAFANA_CLOUD_INSTANCE_ID: 'acme' }))).toMatch(
      /^GRAFANA_CLOUD_INSTANCE_ID: "acme" is not a number/,
    )
    expect(problemOf(own({ GRAFANA_CLOUD_API_KEY: 'glsa_secret' }))).toMatch(
      /^GRAFANA_CLOUD_API_KEY: \*\*\* is a token of a service account/,
    )
    expect(sources({ TELEMETRY_BACKENDS: 'grafana:eu' })).toEqual([
      'TELEMETRY_EU_ENDPOINT',
      'TELEMETRY_EU_INSTANCE_ID',
      'TELEMETRY_EU_API_KEY',
    ])
  })

  it('and otlp may read the same standard variables', () => {
    expect(
      resolve({ ...standard(`Authorization=Basic ${good}`), TELEMETRY_BACKENDS: 'grafana,otlp' }).backends,
    ).toHaveLength(2)
  })
})
