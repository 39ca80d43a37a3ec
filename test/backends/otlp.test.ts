import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Secret } from '../../src/config/secret.ts'
import { backendOf, problemOf, problemsOf, resolve } from '../config/support.ts'
import { otlpSink } from '../support/otlp-sink.ts'
import { connected, sinkForTest } from '../support/resolved-backend.ts'
import { logsOf, tracesOf } from '../support/telemetry-items.ts'

const never = new AbortController().signal
type Env = Record<string, string>
const env = (more: Env): Env => ({ TELEMETRY_BACKENDS: 'otlp', ...more })

async function delivered(more: (url: string) => Env): Promise<(string | undefined)[][]> {
  const sink = await sinkForTest()
  const backend = connected('otlp', env(more(sink.url)))
  expect(await backend.deliver(tracesOf('span'), never)).toEqual({ kind: 'delivered' })
  expect(await backend.deliver(logsOf('record'), never)).toEqual({ kind: 'delivered' })
  expect([sink.spans().map(({ name }) => name), sink.logRecords().map(({ body }) => body)]).toEqual([
    ['span'],
    ['record'],
  ])
  return sink.requests.map(({ path, headers }) => [
    path,
    headers['x-a'] as string,
    headers['x-b'] as string,
    headers['content-encoding'],
  ])
}

describe('otlp', () => {
  it('appends the signal to the base endpoint', async () => {
    expect(await delivered((url) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base/` }))).toEqual([
      ['/base/v1/traces', undefined, undefined, 'gzip'],
      ['/base/v1/logs', undefined, undefined, 'gzip'],
    ])
  })

  it('uses the endpoint of one signal as it is, and lays its headers over the general ones', async () => {
    const requests = await delivered((url) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base`,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/as/it/is/v1/traces`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-a=general%2C%20both,x-b=general',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'X-B=traces',
      OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    }))
    expect(requests).toEqual([
      ['/as/it/is/v1/traces', 'general, both', 'traces', 'gzip'],
      ['/base/v1/logs', 'general, both', 'general', undefined],
    ])
  })

  it('goes to this machine by default', () => {
    expect(backendOf(resolve(env({})), 'otlp').options).toMatchObject({
      endpoint: 'http://localhost:4318',
      protocol: 'http/protobuf',
      compression: 'gzip',
      timeoutMs: 10_000,
    })
  })

  it('adds no more than a slash to the endpoint of one signal', () => {
    const { options } = backendOf(resolve(env({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://logs.acme.test' })), 'otlp')
    expect(options['logsEndpoint']).toBe('https://logs.acme.test/')
  })

  it.each([
    [
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /^OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" is not supported\. Take the HTTP port of the receiver, usually 4318/,
    ],
    [
      { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
      /^OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http\/json" is not supported\. Take http\/protobuf\.$/,
    ],
    [{ OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'udp' }, /is no protocol of OTLP/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' },
      /^OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318" is not an http or https URL\. Write it with its scheme/,
    ],
    [
      { OTEL_EXPORTER_OTLP_TIMEOUT: '10s' },
      /^OTEL_EXPORTER_OTLP_TIMEOUT: "10s" is not a whole number\. OTEL_\* variables hold plain milliseconds/,
    ],
    [
      { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzipp' },
      /^OTEL_EXPORTER_OTLP_COMPRESSION: "gzipp" is not one of gzip, none\. Did you mean "gzip"\?$/,
    ],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=%zz' }, /^OTEL_EXPORTER_OTLP_HEADERS: \*\*\* has a "%" in the value of "a"/],
    [
      { OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere.pem' },
      /^OTEL_EXPORTER_OTLP_CERTIFICATE: "\/nowhere\.pem" cannot be read \(ENOENT\)/,
    ],
    [{ OTEL_EXPORTER_OTLP_CERTIFICATE: 'package.json' }, /is not a PEM file/],
    [
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a.test',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://a.test',
        OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'api-key=k',
      },
      /^OTEL_EXPORTER_OTLP_ENDPOINT: "http:\/\/a\.test" would get credentials over plain http/,
    ],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a.test/t', OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=k' },
      /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http:\/\/a\.test\/t" would get credentials over plain http/,
    ],
  ])('says what is wrong: %j', (more, expected) => {
    expect(problemOf(env(more as Env))).toMatch(expected)
  })

  it('takes durations with a unit in variables of its instance', () => {
    expect(
      backendOf(resolve(env({ TELEMETRY_OTLP_TIMEOUT: '5s', OTEL_EXPORTER_OTLP_TIMEOUT: 'x' })), 'otlp').timeoutMs,
    ).toBe(5_000)
  })

  it('shows the certificate of a signal, with the common key, to a receiver it trusts', async () => {
    const path = (name: string): string => join(import.meta.dirname, `../support/tls/${name}.pem`)
    const [cert, key] = [readFileSync(path('cert')), readFileSync(path('key'))].map(String) as [string, string]
    const sink = await otlpSink({ tls: { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true } })
    onTestFinished(() => sink.close())
    const backend = connected(
      'otlp',
      env({
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        OTEL_EXPORTER_OTLP_CERTIFICATE: path('cert'),
        OTEL_EXPORTER_OTLP_CLIENT_KEY: path('key'),
        OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: path('cert'),
        OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: path('cert'),
      }),
    )
    expect(await backend.deliver(tracesOf('span'), never)).toEqual({ kind: 'delivered' })
    expect(sink.spans().map(({ name }) => name)).toEqual(['span'])
  })

  it('reads certificates at the start, for all signals or for one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-pem-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const pem = (name: string): string => {
      writeFileSync(join(folder, name), `-----BEGIN ${name}-----\n`)
      return join(folder, name)
    }
    const { options } = backendOf(
      resolve(
        env({
          OTEL_EXPORTER_OTLP_CERTIFICATE: pem('CA'),
          OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: pem('CERTIFICATE'),
          OTEL_EXPORTER_OTLP_CLIENT_KEY: pem('KEY'),
          OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: pem('CERTIFICATE'),
        }),
      ),
      'otlp',
    )
    expect(options).toMatchObject({
      certificate: '-----BEGIN CA-----\n',
      tracesClientCertificate: '-----BEGIN CERTIFICATE-----\n',
    })
    expect([String(options['clientKey']), (options['clientKey'] as Secret).reveal()]).toEqual([
      '***',
      '-----BEGIN KEY-----\n',
    ])
    expect(problemsOf(env({ OTEL_EXPORTER_OTLP_CLIENT_KEY: pem('KEY') })).map(({ source }) => source)).toEqual([
      'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
    ])
  })
})
