import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

async function sink(): Promise<Awaited<ReturnType<typeof otlpSink>>> {
  const made = await otlpSink()
  onTestFinished(() => made.close())
  return made
}

async function headersServer(): Promise<{
  port: number
  seen: { host: string; path: string; headers: IncomingHttpHeaders }[]
}> {
  const seen: { host: string; path: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    seen.push({ host: request.headers.host ?? '', path: request.url ?? '', headers: request.headers })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, seen }
}

describe('two services', () => {
  it('form one trace, and the second carries the tenant without naming it', async () => {
    const backend = await sink()
    const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: backend.url }
    const api = runApp('api.ts', { env: { ...env, OTEL_SERVICE_NAME: 'api' } })
    const apiUrl = `http://127.0.0.1:${(await api.line(/^listening (\d+)$/))[1]}`
    const gateway = runApp('gateway.ts', { env: { ...env, OTEL_SERVICE_NAME: 'gateway', API_URL: apiUrl } })
    const port = (await gateway.line(/^listening (\d+)$/))[1]
    await (await fetch(`http://127.0.0.1:${port}/?tenant=acme`)).text()
    await backend.waitFor(() => backend.spans().length >= 4 && backend.logRecords().length >= 2, 10_000)

    const spans = backend.spans()
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    const chain = (name: string): string[] => {
      const found: string[] = []
      for (let span = spans.find((one) => one.name === name); span; span = byId.get(span.parentSpanId)) {
        found.push(`${JSON.stringify(span.resource['service.name'])} ${span.name}`)
      }
      return found
    }
    expect(chain('search notes')).toEqual(['"api" search notes', '"api" GET', '"gateway" GET', '"gateway" GET'])
    for (const span of spans) {
      expect(span.attributes).toMatchObject({ 'tenant.id': 'acme', 'user.id': 'u-1', 'user.email': 'u@acme.test' })
    }
    for (const record of backend.logRecords()) {
      expect(record.attributes).toMatchObject({ 'tenant.id': 'acme', 'user.id': 'u-1' })
      expect(record.traceId).toBe(spans[0]?.traceId)
    }
    const bodies = backend.logRecords().map(({ body, resource }) => [resource['service.name'], body])
    expect(Object.fromEntries(bodies)).toEqual({ api: 'searching', gateway: 'calling the api' })
  })

  it('carry the tenant too when the trace is not sampled', async () => {
    const backend = await sink()
    const env = {
      TELEMETRY_BACKENDS: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: backend.url,
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    }
    const api = runApp('api.ts', { env })
    const apiUrl = `http://127.0.0.1:${(await api.line(/^listening (\d+)$/))[1]}`
    const gateway = runApp('gateway.ts', { env: { ...env, API_URL: apiUrl } })
    const port = (await gateway.line(/^listening (\d+)$/))[1]
    await (await fetch(`http://127.0.0.1:${port}/?tenant=acme`)).text()
    await backend.waitFor(() => backend.logRecords().length >= 2, 10_000)
    expect(backend.logRecords().map(({ attributes }) => attributes['tenant.id'])).toEqual(['acme', 'acme'])
    expect(new Set(backend.logRecords().map(({ traceId }) => traceId)).size).toBe(1)
    expect(backend.spans()).toEqual([])
  })
})

describe('baggage', () => {
  it.each([['parentbased_always_on'], ['always_off']])(
    'goes to allowed hosts only, from fetch, undici and http.request (%s)',
    async (sampler) => {
      const server = await headersServer()
      const allowed = `127.0.0.1:${server.port}`
      const other = `localhost:${server.port}`
      const app = runApp('calls.ts', {
        env: { TELEMETRY_BACKENDS: 'memory', TELEMETRY_PROPAGATE_TO: '127.0.0.1', OTEL_TRACES_SAMPLER: sampler },
        args: [`http://${allowed}`, `http://${other}`],
      })
      expect(await app.ended).toMatchObject({ code: 0 })
      expect(server.seen.map(({ host, path }) => [host, path])).toEqual(
        [allowed, other].flatMap((host) => ['/fetch', '/undici', '/http'].map((path) => [host, path])),
      )
      for (const { host, path, headers } of server.seen) {
        expect(headers['traceparent'], path).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
        expect(headers['baggage']).toBe(
          host === allowed ? 'tenant.id=acme,user.id=ann,user.email=ann%40acme.test' : undefined,
        )
      }
    },
  )

  it('is kept from the host behind a forward proxy, however trusted the proxy', async () => {
    const proxy = await headersServer()
    const app = runApp('proxied.ts', { env: { TELEMETRY_BACKENDS: 'memory' }, args: [String(proxy.port)] })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(proxy.seen.map(({ path, headers }) => [path, headers['baggage']])).toEqual([
      ['http://third-party.example/x', undefined],
      ['http://api.internal/x', 'tenant.id=acme'],
      ['/direct', 'tenant.id=acme'],
    ])
  })

  it.each([
    ['dropped at the edge', { TELEMETRY_EDGE: 'true' }, undefined],
    ['read inside, the known keys alone', {}, 'mallory'],
  ])('that comes in is %s', async (_what, extra, expected) => {
    const backend = await sink()
    const api = runApp('api.ts', {
      env: { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: backend.url, ...extra },
    })
    const port = (await api.line(/^listening (\d+)$/))[1]
    const traceId = 'c'.repeat(32)
    const headers = {
      traceparent: `00-${traceId}-${'d'.repeat(16)}-01`,
      baggage: 'tenant.id=mallory,admin=true,user.id=%0a%0dforged',
    }
    await (await fetch(`http://127.0.0.1:${port}/`, { headers })).text()
    await backend.waitFor(() => backend.spans().length >= 2 && backend.logRecords().length >= 1, 10_000)
    for (const { attributes, traceId: seen } of [...backend.spans(), ...backend.logRecords()]) {
      expect(seen).toBe(traceId)
      expect(attributes['tenant.id']).toBe(expected)
      expect(attributes).not.toHaveProperty('user.id')
      expect(attributes).not.toHaveProperty('admin')
    }
  })

  it.each([
    { what: 'garbage', headers: { traceparent: 'garbage', baggage: '%%%,==,;;,tenant.id' } },
    {
      what: 'zero ids and a huge value',
      headers: {
        traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
        baggage: `tenant.id=${'x'.repeat(7_000)}`,
      },
    },
    {
      what: 'a future version and bad bytes',
      headers: {
        traceparent: `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
        tracestate: '\u00ff=,,,',
        baggage: 'tenant.id=%ff%fe',
      },
    },
  ])('and trace context that are malformed harm nothing: $what', async ({ headers }) => {
    const backend = await sink()
    const api = runApp('api.ts', { env: { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: backend.url } })
    const port = (await api.line(/^listening (\d+)$/))[1]
    expect((await fetch(`http://127.0.0.1:${port}/`, { headers })).status).toBe(200)
    await backend.waitFor(() => backend.spans().length >= 2, 10_000)
    for (const { attributes, traceId } of backend.spans()) {
      expect(attributes).not.toHaveProperty('tenant.id')
      expect(traceId).toMatch(/^[0-9a-f]{32}$/)
      expect(traceId).not.toMatch(/^0+$/)
    }
    expect(api.stderr).toEqual([])
  })
})
