import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { otlpHttp } from '../../src/backends/otlp-http.ts'
import { makeSingleAttempt } from '../../src/backends/parts/single-attempt.ts'
import { Secret } from '../../src/config/secret.ts'
import { encodePartialSuccess } from '../support/otlp-decode.ts'
import { type Answer, otlpSink, type OtlpSink } from '../support/otlp-sink.ts'
import { logsOf, tracesOf } from '../support/telemetry-items.ts'

const never = new AbortController().signal

async function sinkWith(...answers: Answer[]): Promise<OtlpSink> {
  const sink = await otlpSink({ answers })
  onTestFinished(() => sink.close())
  return sink
}

describe.each(['own', 'official'] as const)('with the %s exporter', (exporter) => {
  function backendTo(url: string, more: Partial<Parameters<typeof otlpHttp>[0]> = {}): Backend {
    const backend = otlpHttp({
      endpoints: { traces: `${url}/v1/traces`, logs: `${url}/v1/logs` },
      headers: {},
      timeoutMs: {},
      compression: {},
      exporter,
      ...more,
    })
    onTestFinished(() => backend.close?.())
    return backend
  }

  describe('a delivery', () => {
    it('arrives with our headers, compressed, over one connection', async () => {
      const sink = await sinkWith()
      const backend = backendTo(sink.url, {
        headers: { traces: { Authorization: new Secret('Basic abc') }, logs: { 'x-plain': 'yes' } },
        compression: { traces: 'gzip', logs: 'none' },
      })
      expect(await backend.deliver(tracesOf('one', 'two'), never)).toEqual({ kind: 'delivered' })
      expect(await backend.deliver(logsOf('a line'), never)).toEqual({ kind: 'delivered' })
      expect(await backend.deliver(tracesOf('three'), never)).toEqual({ kind: 'delivered' })
      expect(sink.spans().map(({ name }) => name)).toEqual(['one', 'two', 'three'])
      expect(sink.logRecords().map(({ body, severityNumber }) => [body, severityNumber])).toEqual([['a line', 9]])
      expect(sink.requests.map(({ path, headers }) => [path, headers['authorization'], headers['x-plain']])).toEqual([
        ['/v1/traces', 'Basic abc', undefined],
        ['/v1/logs', undefined, 'yes'],
        ['/v1/traces', 'Basic abc', undefined],
      ])
      expect(sink.requests.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', undefined, 'gzip'])
      expect(sink.requests[0]?.headers['content-type']).toBe('application/x-protobuf')
      expect(sink.requests[0]?.headers['user-agent']).toMatch(/^signalbox\/\d+\.\d+\.\d+/)
      expect(new Set(sink.requests.map(({ remotePort }) => remotePort)).size).toBe(2)
    })

    it.each([
      [400, { kind: 'rejected', reason: 'http_400' }],
      [401, { kind: 'rejected', reason: 'http_401' }],
      [403, { kind: 'rejected', reason: 'http_403' }],
      [404, { kind: 'rejected', reason: 'http_404' }],
      [413, { kind: 'rejected', reason: 'http_413' }],
      [260, { kind: 'rejected', reason: 'http_260' }],
      [301, { kind: 'rejected', reason: 'http_301' }],
      [501, { kind: 'rejected', reason: 'http_501' }],
      [408, { kind: 'retry', reason: 'http_408' }],
      [409, { kind: 'retry', reason: 'http_409' }],
      [425, { kind: 'retry', reason: 'http_425' }],
      [499, { kind: 'retry', reason: 'http_499' }],
      [429, { kind: 'retry', reason: 'http_429' }],
      [500, { kind: 'retry', reason: 'http_500' }],
      [503, { kind: 'retry', reason: 'http_503' }],
      [202, { kind: 'delivered' }],
      [204, { kind: 'delivered' }],
    ])('answered with %i makes one request', async (status, outcome) => {
      const sink = await sinkWith(status, status)
      const backend = backendTo(sink.url)
      expect(await backend.deliver(tracesOf('one'), never)).toMatchObject(outcome)
      expect(await backend.deliver(logsOf('one'), never)).toMatchObject(outcome)
      expect(sink.requests).toHaveLength(2)
    })

    it.each([
      ['7', 7_000],
      ['0', 0],
      ['600', 600_000],
    ])('passes on Retry-After: %s', async (value, afterMs) => {
      const sink = await sinkWith({ status: 429, headers: { 'retry-after': value } })
      expect(await backendTo(sink.url).deliver(tracesOf('one'), never)).toMatchObject({
        kind: 'retry',
        reason: 'http_429',
        afterMs,
      })
    })

    it('passes on a Retry-After that is a date', async () => {
      const sink = await sinkWith({
        status: 503,
        headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() },
      })
      const outcome = await backendTo(sink.url).deliver(tracesOf('one'), never)
      expect(outcome.kind === 'retry' && outcome.afterMs).toBeGreaterThan(50_000)
    })

    it.runIf(exporter === 'own')('takes a date to be meant by the clock of who names it', async () => {
      const [date, then] = ['Mon, 03 Jan 2033 10:00:00 GMT', 'Mon, 03 Jan 2033 10:00:42 GMT']
      const sink = await sinkWith({ status: 503, headers: { date, 'retry-after': then } })
      expect(await backendTo(sink.url).deliver(tracesOf('one'), never)).toMatchObject({
        kind: 'retry',
        afterMs: 42_000,
      })
    })

    it.each([
      ['json', '{"message":"invalid token"}', 'invalid token'],
      ['a protobuf status', Buffer.from('\u0008\u0003\u0012\u000dinvalid token'), 'invalid token'],
      ['html', '<html><head><title>403 Forbidden</title></head><body>no</body></html>', '403 Forbidden'],
      ['text', 'no such tenant\n', 'no such tenant'],
      ['nothing', '', 'Unauthorized'],
    ])('says why it was refused when the body is %s', async (_, body, message) => {
      const sink = await sinkWith({ status: 401, body })
      expect(await backendTo(sink.url).deliver(tracesOf('one'), never)).toEqual({
        kind: 'rejected',
        reason: 'http_401',
        message,
      })
    })

    it.each(['traces', 'logs'] as const)('counts what a partial success for %s left out', async (signal) => {
      const sink = await sinkWith({ body: encodePartialSuccess(signal, 2, 'too old') }, 200)
      const backend = backendTo(sink.url)
      const batch = signal === 'traces' ? tracesOf('a', 'b', 'c') : logsOf('a', 'b', 'c')
      expect(await backend.deliver(batch, never)).toEqual({
        kind: 'rejected',
        reason: 'partial_success',
        message: 'too old',
        count: 2,
      })
      expect(await backend.deliver(batch, never)).toEqual({ kind: 'delivered' })
    })

    it('takes a 200 with a body that is no protobuf as delivered', async () => {
      const sink = await sinkWith({ body: 'fine, thanks' })
      expect(await backendTo(sink.url).deliver(tracesOf('one'), never)).toEqual({ kind: 'delivered' })
    })

    it('names what is wrong with the network', async () => {
      const sink = await sinkWith('reset')
      expect(await backendTo(sink.url).deliver(tracesOf('one'), never)).toMatchObject({
        kind: 'retry',
        reason: 'connection_reset',
      })
      await sink.close()
      expect(await backendTo(sink.url).deliver(tracesOf('one'), never)).toMatchObject({
        kind: 'retry',
        reason: 'connection_refused',
      })
      expect(await backendTo('http://nowhere.invalid').deliver(tracesOf('one'), never)).toMatchObject({
        kind: 'retry',
        reason: 'dns_error',
      })
    })

    it('does not trust a receiver that speaks no TLS', async () => {
      const sink = await sinkWith()
      const { port } = new URL(sink.url)
      expect(await backendTo(`https://127.0.0.1:${port}`).deliver(tracesOf('one'), never)).toMatchObject({
        kind: 'retry',
      })
      expect(sink.requests).toEqual([])
    })

    it('trusts an authority of its own, shows who it is, and says what is wrong with a certificate', async () => {
      const [cert, key] = ['cert', 'key'].map((name) =>
        readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), 'utf8'),
      ) as [string, string]
      const sink = await otlpSink({ tls: { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true } })
      onTestFinished(() => sink.close())
      expect(await backendTo(sink.url).deliver(tracesOf('a'), never)).toMatchObject({
        kind: 'retry',
        reason: 'tls_error',
      })
      const anonymous = await backendTo(sink.url, { tls: { ca: cert } }).deliver(tracesOf('b'), never)
      expect(anonymous.kind).toBe('retry')
      const known = backendTo(sink.url, { tls: { ca: cert, cert, key } })
      expect(await known.deliver(tracesOf('c'), never)).toEqual({ kind: 'delivered' })
      expect(sink.spans().map(({ name }) => name)).toEqual(['c'])
    })

    it('gives up a request without an answer after its own time', async () => {
      const sink = await sinkWith('hang')
      const backend = backendTo(sink.url, { timeoutMs: { traces: 100 } })
      expect(await backend.deliver(tracesOf('one'), never)).toMatchObject({ kind: 'retry', reason: 'timeout' })
    })

    it('cuts the connection when it is aborted', async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void server.close())
      const connections: Socket[] = []
      const connected = once(server, 'connection').then(
        ([socket]: Socket[]) => void connections.push((socket as Socket).resume()),
      )
      const controller = new AbortController()
      const backend = backendTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      const delivery = backend.deliver(tracesOf('one'), controller.signal)
      await connected
      const closed = once(connections[0] as Socket, 'close')
      connections[0]?.on('error', () => {})
      controller.abort()
      await closed
      expect(await delivery).toMatchObject({ kind: 'retry' })
    })

    it('is offered only the signals that have an endpoint', async () => {
      const sink = await sinkWith()
      const backend = backendTo(sink.url, { endpoints: { logs: `${sink.url}/v1/logs` } })
      expect(backend.signals).toEqual(['logs'])
      expect(await backend.deliver(tracesOf('one'), never)).toEqual({
        kind: 'rejected',
        reason: 'signal_not_supported',
      })
    })
  })

  describe('the environment', () => {
    afterEach(() => void vi.unstubAllEnvs())

    it('adds nothing to what was configured', async () => {
      const sink = await sinkWith()
      vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-secret-of-another=1,authorization=Bearer other')
      vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'x-more=2')
      vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1')
      vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '1')
      vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip')
      const backend = backendTo(sink.url, { compression: { traces: 'none' }, headers: { traces: { 'x-own': '3' } } })
      expect(await backend.deliver(tracesOf('one'), never)).toEqual({ kind: 'delivered' })
      const headers = sink.requests[0]?.headers ?? {}
      expect(Object.keys(headers).filter((name) => /^x-|authorization|content-encoding$/.test(name))).toEqual(['x-own'])
    })
  })
})

describe('the official exporters', () => {
  it('have the private members that are replaced', async () => {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
    const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-proto')
    const last = { status: undefined, partialSuccess: undefined }
    expect(makeSingleAttempt(new OTLPTraceExporter(), {}, last)).toBe(true)
    expect(makeSingleAttempt(new OTLPLogExporter(), {}, last)).toBe(true)
  })

  it('are left alone when they look different', () => {
    const last = { status: undefined, partialSuccess: undefined }
    for (const other of [
      {},
      { _delegate: null },
      { _delegate: { _transport: { send: () => {} }, _responseHandler: {} } },
    ]) {
      const before = structuredClone(Object.keys(other))
      expect(makeSingleAttempt(other, {}, last)).toBe(false)
      expect(Object.keys(other)).toEqual(before)
    }
  })
})
