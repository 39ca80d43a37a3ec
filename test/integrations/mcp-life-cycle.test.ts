import { propagation, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { createPropagator } from '../../src/instrument/propagator.ts'
import { instrumentMcpClient, instrumentMcpServer, type McpOptions } from '../../src/integrations/mcp.ts'
import { localSdk } from '../support/local-sdk.ts'
import { connect, httpListener, listen, type Sdk, sdks, type TestClient, text, type Tools } from './apps/mcp-kit.ts'

let local: ReturnType<typeof localSdk>

beforeEach(() => {
  diagnostics.reset()
  local = localSdk()
  propagation.setGlobalPropagator(
    createPropagator({
      propagators: ['tracecontext', 'baggage'],
      propagation: { to: ['loopback'], keys: ['tenant.id'], edge: false },
    } as never),
  )
})
afterEach(() => local.stop())

/** A server whose tool `waits` until it is told or its request is given up. */
function waiting(): { tools: Tools; go: () => void; begun: Promise<void> } {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  return {
    tools: {
      waits: async (_, { signal }) => {
        begun.resolve()
        const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        await Promise.race([gate.promise, aborted])
        return text('done')
      },
    },
    go: gate.resolve,
    begun: begun.promise,
  }
}

async function linked(sdk: Sdk, tools: Tools, options?: McpOptions): Promise<{ client: TestClient; far: unknown }> {
  const [near, far] = sdk.linkedPair()
  await connect(instrumentMcpServer(sdk.mcpServer(tools), options), far)
  const client = sdk.client()
  instrumentMcpClient(client.raw, options)
  await client.connect(near)
  onTestFinished(() => client.close())
  return { client, far }
}

async function ended(name: string, kind: SpanKind, count = 1): Promise<ReadableSpan[]> {
  const found = (): ReadableSpan[] => local.spans.filter((span) => span.name === name && span.kind === kind)
  await vi.waitFor(() => expect(found()).toHaveLength(count), { timeout: 10_000 })
  return found()
}

async function errorTypes(name: string): Promise<unknown[]> {
  const [[client], [server]] = await Promise.all([ended(name, SpanKind.CLIENT), ended(name, SpanKind.SERVER)])
  expect([client?.status.code, server?.status.code]).toEqual([SpanStatusCode.ERROR, SpanStatusCode.ERROR])
  return [client?.attributes['error.type'], server?.attributes['error.type']]
}

describe.each(sdks)('$version', (sdk) => {
  it('ends both spans of a call that its caller gives up', async () => {
    const { tools, begun } = waiting()
    const { client } = await linked(sdk, tools)
    const abort = new AbortController()
    const call = client.call('waits', {}, { signal: abort.signal })
    await begun
    expect(local.spans.map(({ name }) => name)).not.toContain('tools/call waits')
    abort.abort('no longer needed')
    await expect(call).rejects.toThrow('no longer needed')
    expect(await errorTypes('tools/call waits')).toEqual(['cancelled', 'cancelled'])
  })

  it('ends both spans of a call that takes too long', async () => {
    const { tools, begun } = waiting()
    const { client } = await linked(sdk, tools)
    const call = client.call('waits', {}, { timeout: 50 })
    await begun
    await expect(call).rejects.toThrow('timed out')
    expect(await errorTypes('tools/call waits')).toEqual(['timeout', 'cancelled'])
  })

  it('ends the spans of the calls that are under way when the connection closes', async () => {
    const { tools, begun } = waiting()
    const { client } = await linked(sdk, tools)
    const call = client.call('waits').catch((error: unknown) => String(error))
    await begun
    await client.close()
    expect(await call).toContain('Connection closed')
    expect(await errorTypes('tools/call waits')).toEqual(['connection_closed', 'connection_closed'])
  })

  it('ends the span of a call whose HTTP server is gone with the error of the transport', async () => {
    const http = await listen(httpListener(sdk, () => sdk.mcpServer({})))
    const client = sdk.client()
    instrumentMcpClient(client.raw)
    await client.connect(sdk.httpClient(http.url))
    onTestFinished(() => client.close())
    await http.close()
    await expect(client.ping()).rejects.toThrow('fetch failed')
    const [ping] = (await ended('ping', SpanKind.CLIENT)) as [ReadableSpan]
    expect(ping.attributes).toMatchObject({ 'error.type': 'TypeError', 'mcp.session.id': expect.any(String) })
    expect(ping.status).toEqual({ code: SpanStatusCode.ERROR, message: 'fetch failed' })
    expect(ping.events.map(({ attributes }) => attributes?.['exception.type'])).toEqual(['TypeError'])
  })

  it('ends the span of a call whose HTTP client hangs up', async () => {
    const { tools, begun } = waiting()
    const http = await listen(httpListener(sdk, () => instrumentMcpServer(sdk.mcpServer(tools)), false))
    onTestFinished(http.close)
    const abort = new AbortController()
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'waits' } })
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const call = fetch(http.url, { method: 'POST', headers, body, signal: abort.signal }).then((answer) =>
      answer.text(),
    )
    await begun
    abort.abort()
    await expect(call).rejects.toThrow('aborted')
    const [served] = (await ended('tools/call waits', SpanKind.SERVER)) as [ReadableSpan]
    expect(served.attributes['error.type']).toBe('connection_closed')
  })

  it('shows an answer that could not be delivered', async () => {
    const { tools, begun, go } = waiting()
    const { client, far } = await linked(sdk, tools)
    const abort = new AbortController()
    const call = client.call('waits', {}, { signal: abort.signal }).catch(() => undefined)
    await begun
    // The end of the wire that the server writes to, cut without either side being told.
    ;(far as { _otherTransport: unknown })._otherTransport = undefined
    go()
    const [served] = (await ended('tools/call waits', SpanKind.SERVER)) as [ReadableSpan]
    expect(served.status).toEqual({ code: SpanStatusCode.ERROR, message: expect.stringContaining('Not connected') })
    abort.abort()
    await call
  })

  it('keeps no more requests in mind than it may', async () => {
    const { tools, go } = waiting()
    const { client } = await linked(sdk, tools, { maxOpenRequests: 10 })
    const calls = Array.from({ length: 25 }, () => client.call('waits'))
    const abandoned = await ended('tools/call waits', SpanKind.CLIENT, 15)
    expect(new Set(abandoned.map(({ attributes }) => attributes['error.type']))).toEqual(new Set(['abandoned']))
    expect(diagnostics.counters()['mcp_requests_abandoned']).toBe(30)
    go()
    expect(await Promise.all(calls)).toHaveLength(25)
    const all = await ended('tools/call waits', SpanKind.SERVER, 25)
    expect(all.filter(({ attributes }) => attributes['error.type'] === undefined)).toHaveLength(10)
  })

  it('tells two requests under one id apart as well as it can be told', async () => {
    const { tools, go, begun } = waiting()
    const [near, far] = sdk.linkedPair() as [{ send: (message: unknown) => Promise<void> }, unknown]
    Object.assign(near, { onmessage: () => undefined })
    await connect(instrumentMcpServer(sdk.mcpServer(tools)), far)
    const request = { jsonrpc: '2.0', id: 'same', method: 'tools/call', params: { name: 'waits', arguments: {} } }
    await Promise.all([near.send({ ...request }), near.send({ ...request })])
    await begun
    go()
    const both = await ended('tools/call waits', SpanKind.SERVER, 2)
    expect(both.map(({ attributes }) => attributes['error.type'])).toEqual(['duplicate_request_id', undefined])
    expect(diagnostics.counters()['mcp_requests_duplicate_request_id']).toBe(1)
  })

  it('serves a message it cannot record, and says so once', async () => {
    const broken = { getTracer: (): never => expect.unreachable('no tracer') }
    const { client } = await linked(sdk, { 'get-note': () => text('a note') }, { tracerProvider: broken })
    expect(await client.call('get-note')).toMatchObject(text('a note'))
    expect(diagnostics.counters()['mcp_instrumentation_failed']).toBe(4)
    expect(local.spans).toEqual([])
  })

  it('can be given a server that is connected already', async () => {
    const [near, far] = sdk.linkedPair()
    const server = sdk.mcpServer({})
    await connect(server, far)
    instrumentMcpServer(server)
    const client = sdk.client()
    await client.connect(near)
    onTestFinished(() => client.close())
    expect((await ended('initialize', SpanKind.SERVER)).length).toBe(1)
  })

  it('survives another instrumentation that wraps the handlers of the transport', async () => {
    const [near, far] = sdk.linkedPair()
    const transport = far as { onmessage: (...args: unknown[]) => void }
    await connect(instrumentMcpServer(sdk.mcpServer({})), far)
    const inner = transport.onmessage.bind(transport)
    Object.assign(transport, { onmessage: (...args: unknown[]) => inner(...args) })
    const client = sdk.client()
    await client.connect(near)
    onTestFinished(() => client.close())
    await client.ping()
    await client.ping()
    expect(await ended('ping', SpanKind.SERVER, 2)).toHaveLength(2)
  })
})

it('leaves alone what is no server and no client', () => {
  const nothing = { close: () => undefined }
  expect(instrumentMcpServer(nothing as never)).toBe(nothing)
  expect(diagnostics.counters()['mcp_not_instrumented']).toBe(1)
})
