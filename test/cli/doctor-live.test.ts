import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { encodePartialSuccess } from '../support/otlp-decode.ts'
import { type Answer, otlpSink, type OtlpSink } from '../support/otlp-sink.ts'
import { doctor, folder, signalbox } from './support.ts'

const grafana = (url: string): Record<string, string> => ({
  TELEMETRY_BACKENDS: 'grafana',
  TELEMETRY_GRAFANA_ENDPOINT: `${url}/otlp`,
  GRAFANA_CLOUD_INSTANCE_ID: '123456',
  GRAFANA_CLOUD_API_KEY: 'glc_s3cret',
})
const logfire = (url: string): Record<string, string> => ({
  TELEMETRY_BACKENDS: 'logfire',
  LOGFIRE_TOKEN: 'pylf_v1_eu_s3cret',
  LOGFIRE_BASE_URL: url,
})
const otlp = (url: string): Record<string, string> => ({
  TELEMETRY_BACKENDS: 'otlp',
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  TELEMETRY_OTLP_SIGNALS: 'traces',
})

async function sinkThat(answer: Answer): Promise<OtlpSink> {
  const sink = await otlpSink()
  sink.answer(answer)
  onTestFinished(() => sink.close())
  return sink
}

/** A server of raw connections on loopback. */
async function tcp(talk: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    talk(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('all well', () => {
  it.each(['own', 'official'])('sends one labelled span and its log record (%s exporter)', async (exporter) => {
    const sink = await sinkThat(200)
    const { code, report, stdout } = await doctor(
      { ...grafana(sink.url), TELEMETRY_GRAFANA_EXPORTER: exporter, OTEL_SERVICE_NAME: 'orders' },
      ['--live'],
    )
    expect([code, report.ok]).toEqual([0, true])
    const { traceId } = report
    expect(sink.spans()).toMatchObject([{ name: 'signalbox doctor', traceId, attributes: { 'signalbox.test': true } }])
    expect(sink.logRecords()).toMatchObject([{ body: 'signalbox doctor', traceId }])
    expect(report.backends[0]?.live).toMatchObject([
      { signal: 'traces', ok: true, url: `${sink.url}/otlp/v1/traces`, status: 200 },
      { signal: 'logs', ok: true, url: `${sink.url}/otlp/v1/logs`, status: 200 },
      { signal: 'metrics', ok: true, url: `${sink.url}/otlp/v1/metrics`, status: 200 },
    ])
    expect(sink.metricRequests.map(({ metrics }) => metrics)).toEqual([[]])
    expect(report.backends[0]?.look).toEqual([
      `Grafana: Explore, data source Tempo, query ${traceId}`,
      `Grafana: Explore, data source Loki, query {service_name="orders"} | trace_id="${traceId}"`,
    ])
    expect(stdout).not.toContain('s3cret')
  })

  it('checks backends at once, and tells them apart', async () => {
    const [good, bad] = await Promise.all([sinkThat(200), sinkThat(402)])
    const env = { ...otlp(good.url), ...logfire(bad.url), TELEMETRY_BACKENDS: 'otlp,logfire,console' }
    const { code, report } = await doctor(env, ['--live'])
    expect(code).toBe(1)
    expect(report.backends.map(({ name, findings }) => [name, ...new Set(findings.map((each) => each.code))])).toEqual([
      ['otlp'],
      ['logfire', 'usage_limit'],
      ['console'],
    ])
    expect(report.backends[2]?.live).toEqual([])
  })

  it('finds a token that may write all but metrics', async () => {
    const sink = await sinkThat(200)
    sink.answerMetrics(401, '{"status":"error","error":"authentication error: invalid scope requested"}')
    const { code, report, findings } = await doctor(grafana(sink.url), ['--live'])
    expect(code).toBe(1)
    expect(findings).toMatchObject([
      { code: 'grafana_scope_missing', fix: expect.stringContaining('metrics:write') as string },
    ])
    expect(report.backends[0]?.live?.map(({ signal, ok, status }) => [signal, ok, status])).toEqual([
      ['traces', true, 200],
      ['logs', true, 200],
      ['metrics', false, 401],
    ])
  })

  it.each([
    ['html_answer', '<!doctype html><title>Sign in</title>', /^a web page came back \(200: .*Sign in\)/],
    ['partial_success', encodePartialSuccess('traces', 1, 'too old'), /^the receiver took .* too old$/],
  ] as const)('finds %s of metrics alone', async (code, body, message) => {
    const sink = await sinkThat(200)
    sink.answerMetrics(200, body)
    const { findings } = await doctor(grafana(sink.url), ['--live'])
    expect(findings).toMatchObject([{ code, source: 'metrics', message: expect.stringMatching(message) as string }])
  })

  it('prints it for people', async () => {
    const sink = await sinkThat(200)
    const { code, stdout } = await signalbox(['doctor', '--live'], logfire(sink.url))
    expect(code).toBe(0)
    expect(stdout).toMatch(/ {2}ok traces: answered 200 in \d+ ms\n {2}ok logs: answered 200 in \d+ ms\n/)
    expect(stdout).toMatch(/look: Logfire: Live view, query trace_id='[0-9a-f]{32}'/)
  })
})

const json = (status: number, body: object): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

describe('answers', () => {
  const scope = json(401, { status: 'error', error: 'authentication error: invalid scope requested' })
  const credentials = json(401, { status: 'error', error: 'authentication error: invalid authentication credentials' })
  const hour = { headers: { date: new Date(Date.now() - 7_200_000).toUTCString() } }
  const html = { headers: { 'content-type': 'text/html' }, body: '<html><title>Sign in</title></html>' }
  it.each([
    ['grafana_scope_missing', grafana, scope, /^Give the access policy the scope traces:write\.$/],
    ['grafana_credentials', grafana, credentials, /OpenTelemetry card .* GRAFANA_CLOUD_API_KEY\.$/],
    ['not_found', grafana, 404, /^Correct the path in TELEMETRY_GRAFANA_ENDPOINT/],
    ['logfire_token', logfire, json(401, { detail: 'Invalid token' }), /^Set LOGFIRE_TOKEN to a write token .* region/],
    ['logfire_read_token', logfire, json(401, { detail: 'a read token cannot write' }), /^Make a write token/],
    ['usage_limit', logfire, 402, /^The usage limit/],
    ['credentials', otlp, 403, /OTEL_EXPORTER_OTLP_HEADERS\.$/],
    ['proxy_authentication', otlp, 407, /^A proxy stands in between/],
    ['too_large', otlp, 413, /body limit/],
    ['rate_limited', otlp, 429, /ingestion limit/],
    ['receiver_failed', otlp, 503, /look into its log/],
    ['refused', otlp, 400, /OTEL_EXPORTER_OTLP_ENDPOINT/],
    ['ingestion_blocked', grafana, 260, /lift the block/],
    ['redirected', otlp, { status: 301, headers: { location: 'https://x.example/' } }, /redirects are not followed/],
    ['html_answer', otlp, html, /^Check OTEL_EXPORTER_OTLP_ENDPOINT\.$/],
    ['html_answer', otlp, { ...html, status: 502 }, /^Check OTEL_EXPORTER_OTLP_ENDPOINT\.$/],
    ['not_otlp', otlp, { body: 'welcome to nginx' }, /proxy or a web site/],
    ['not_otlp', otlp, { body: 'x'.repeat(5_000_000) }, /proxy or a web site/],
    ['clock_skew', logfire, hour, /^Set the clock/],
  ] as const)('%s', async (code, backend, answer, fix) => {
    const sink = await sinkThat(answer)
    const run = await doctor(backend(sink.url), ['--live'])
    expect([run.code, run.report.ok]).toEqual([1, false])
    expect(run.findings[0]).toMatchObject({
      severity: 'error',
      code,
      source: 'traces',
      fix: expect.stringMatching(fix),
    })
    expect(run.stdout).not.toContain('s3cret')
  })

  it('partial_success', async () => {
    const sink = await sinkThat({ body: encodePartialSuccess('traces', 1, 'too old') })
    const { code, findings } = await doctor(otlp(sink.url), ['--live'])
    expect([code, findings[0]?.code]).toEqual([1, 'partial_success'])
    expect(findings[0]?.message).toBe('the receiver took the request, but not all of it: too old')
  })

  it.each([
    ['logfire', logfire, 'pylf_v1_eu_s3cret'],
    ['grafana', grafana, Buffer.from('123456:glc_s3cret').toString('base64')],
    ['otlp', otlp, 'my-0wn-s3cret'],
  ] as const)('shows no credential that %s says back', async (_, backend, credential) => {
    const sink = await otlpSink()
    onTestFinished(() => sink.close())
    const said = ({ headers }: { headers: IncomingHttpHeaders }): string =>
      `Invalid token: ${headers.authorization}, as glc_${'x'.repeat(30)} is`
    sink.answer((request) => ({ ...(json(401, { detail: said(request) }) as object) }))
    sink.answerMetrics(401, `{"detail":"Invalid token: ${credential}"}`)
    const env = { ...backend(sink.url), OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer my-0wn-s3cret' }
    for (const print of [['--json'], []]) {
      const { stdout, stderr } = await signalbox(['doctor', '--live', ...print], env)
      expect(stdout).toContain('Invalid token')
      expect(stdout + stderr).not.toMatch(/s3cret|glc_x/)
      expect(stdout + stderr).not.toContain(credential)
    }
  })

  it('shows an address that it was sent to without what may be a credential', async () => {
    const location = 'https://ann:hunter2@x.example/otlp?token=s3cret-1'
    const sink = await sinkThat({ status: 307, headers: { location } })
    const { findings, stdout } = await doctor(otlp(sink.url), ['--live'])
    expect(findings[0]?.message).toBe('it is somewhere else: https://x.example/otlp')
    expect(stdout).not.toMatch(/hunter2|s3cret/)
    const env = { ...otlp(sink.url), OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sink.url}/v1/traces?key=s3cret-2` }
    const own = await doctor(env, ['--live'])
    expect(own.report.backends[0]?.endpoints).toEqual({ traces: `${sink.url}/v1/traces` })
    expect(own.stdout).not.toContain('s3cret')
  })

  it('a slow one is odd and not wrong', async () => {
    const sink = await sinkThat({ delayMs: 700 })
    const { code, findings } = await doctor({ ...otlp(sink.url), TELEMETRY_OTLP_TIMEOUT: '1200' }, ['--live'])
    expect([code, findings.map((each) => each.code)]).toEqual([0, ['slow_answer']])
  })
})

describe('no answer', () => {
  const certificate = (name: string): { key: Buffer; cert: Buffer; file: string } => {
    const at = folder()
    const [key, file] = [join(at, 'key.pem'), join(at, 'cert.pem')]
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', file]
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(file), file }
  }
  const https = async (name: string): Promise<readonly [OtlpSink, string]> => {
    const { key, cert, file } = certificate(name)
    const sink = await otlpSink({ tls: { key, cert } })
    onTestFinished(() => sink.close())
    return [sink, file]
  }
  const only = async (env: Record<string, string>): Promise<readonly unknown[]> => {
    const { code, findings } = await doctor(env, ['--live'])
    return [code, ...findings.map((each) => [each.code, each.fix])]
  }

  it('connection_refused', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const fix = 'Start the receiver, or correct host and port in OTEL_EXPORTER_OTLP_ENDPOINT.'
    expect(await only(otlp(`http://127.0.0.1:${port}`))).toEqual([1, ['connection_refused', fix]])
  })

  it('is said of all signals in the same words, and printed once', async () => {
    const signals = { TELEMETRY_OTLP_SIGNALS: 'traces,logs,metrics' }
    const [secure] = await https('localhost')
    const plain = await sinkThat(200)
    const closed = await tcp(() => undefined)
    const urls = { tls_self_signed: secure.url, https_to_http: plain.url.replace('http:', 'https:') }
    for (const [code, url] of Object.entries({ ...urls, timeout: `http://127.0.0.1:${closed}` })) {
      const { findings } = await doctor({ ...otlp(url), ...signals, TELEMETRY_OTLP_TIMEOUT: '400' }, ['--live'])
      expect(findings.map((each) => each.code)).toEqual([code, code, code])
    }
    const { stdout } = await signalbox(['doctor', '--live'], { ...otlp(urls.https_to_http), ...signals })
    expect(stdout).toContain('  error traces, logs, metrics: https was spoken to 127.0.0.1')
    expect(stdout).toContain('\n1 problem, 0 warnings.')
  })

  it('timeout', async () => {
    const port = await tcp(() => undefined)
    const fix =
      'Check firewalls and the address in OTEL_EXPORTER_OTLP_ENDPOINT; TELEMETRY_OTLP_TIMEOUT is how long is waited.'
    const env = { ...otlp(`http://127.0.0.1:${port}`), TELEMETRY_OTLP_TIMEOUT: '300' }
    expect(await only(env)).toEqual([1, ['timeout', fix]])
  })

  it('connection_reset', async () => {
    const sink = await sinkThat('reset')
    expect(await only(otlp(sink.url))).toEqual([1, ['connection_reset', expect.stringMatching(/port for https/)]])
  })

  it('a host that does not exist', async () => {
    const fix = /Correct the host name in OTEL_EXPORTER_OTLP_ENDPOINT|Check the DNS settings/
    const found = await only(otlp('https://nowhere.invalid'))
    expect(found).toEqual([1, [expect.stringMatching(/^dns_(?:not_found|unavailable)$/), expect.stringMatching(fix)]])
  })

  it('tls_self_signed', async () => {
    const [sink] = await https('localhost')
    const fix = expect.stringMatching(/^Set OTEL_EXPORTER_OTLP_CERTIFICATE to the PEM file/)
    expect(await only(otlp(sink.url))).toEqual([1, ['tls_self_signed', fix]])
  })

  it('tls_hostname', async () => {
    const [sink, file] = await https('other.example')
    const fix = 'Write in OTEL_EXPORTER_OTLP_ENDPOINT a host name that the certificate has.'
    const env = { ...otlp(sink.url), OTEL_EXPORTER_OTLP_CERTIFICATE: file }
    expect(await only(env)).toEqual([1, ['tls_hostname', fix]])
  })

  it('tls_expired', async () => {
    const at = folder()
    const [key, csr, file] = ['key.pem', 'csr.pem', 'cert.pem'].map((name) => join(at, name)) as [
      string,
      string,
      string,
    ]
    const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
    openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', key, '-out', csr)
    openssl('x509', '-req', '-in', csr, '-signkey', key, '-days', '-1', '-out', file)
    const sink = await otlpSink({ tls: { key: readFileSync(key), cert: readFileSync(file) } })
    onTestFinished(() => sink.close())
    const fix = 'Renew the certificate of the receiver; check the clock of this machine.'
    const env = { ...otlp(sink.url), OTEL_EXPORTER_OTLP_CERTIFICATE: file }
    expect(await only(env)).toEqual([1, ['tls_expired', fix]])
  })

  it('https spoken to an http port', async () => {
    const sink = await sinkThat(200)
    const found = await only(otlp(sink.url.replace('http:', 'https:')))
    expect(found).toEqual([1, ['https_to_http', expect.stringMatching(/^Write http:\/\//)]])
  })

  it('http spoken to an https port', async () => {
    const [sink] = await https('localhost')
    const found = await only(otlp(sink.url.replace('https:', 'http:')))
    expect(found).toEqual([
      1,
      [expect.stringMatching(/^(?:http_to_https|connection_reset)$/), expect.stringMatching(/https/)],
    ])
  })
})
