import { context, type Attributes, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createPropagator } from '../../src/instrument/propagator.ts'
import {
  instrumentMcpClient,
  instrumentMcpServer,
  type McpConnectable,
  type McpOptions,
} from '../../src/integrations/mcp.ts'
import { localSdk } from '../support/local-sdk.ts'
import { connect, httpListener, listen, type Sdk, sdks, type TestClient, text, type Tools } from './apps/mcp-kit.ts'

let local: ReturnType<typeof localSdk>

beforeEach(() => {
  local = localSdk()
  propagation.setGlobalPropagator(
    createPropagator({
      propagators: ['tracecontext', 'baggage'],
      propagation: { to: ['loopback'], keys: ['tenant.id'], edge: false },
    } as never),
  )
})
afterEach(() => local.stop())

const tools: Tools = {
  'get-note': ({ text: asked }) => text(`note ${asked}`),
  fails: () => ({ ...text('no such note'), isError: true }),
  throws: () => {
    throw new RangeError('page 7 of 3')
  },
}

/** A client connected to a server in this process, both instrumented. */
async function inMemory(sdk: Sdk, server: McpConnectable, options?: McpOptions): Promise<TestClient> {
  const [near, far] = sdk.linkedPair()
  await connect(instrumentMcpServer(server, options), far)
  const client = sdk.client()
  instrumentMcpClient(client.raw, options)
  await client.connect(near)
  onTestFinished(() => client.close())
  return client
}

function find(name: string, kind: SpanKind): ReadableSpan {
  const found = local.spans.filter((span) => span.name === name && span.kind === kind)
  expect(found, `${SpanKind[kind]} ${name} among ${local.spans.map((span) => span.name).join()}`).toHaveLength(1)
  return found[0] as ReadableSpan
}

function pair(name: string): { client: ReadableSpan; server: ReadableSpan } {
  return { client: find(name, SpanKind.CLIENT), server: find(name, SpanKind.SERVER) }
}

function ofTool(name: string): Attributes {
  return { 'mcp.method.name': 'tools/call', 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }
}

describe.each(sdks)('$version', (sdk) => {
  it('makes a CLIENT and a SERVER span of a tool call, the one the parent of the other', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    expect(await client.call('get-note', { text: 'a' })).toMatchObject(text('note a'))
    const call = pair('tools/call get-note')
    for (const span of [call.client, call.server]) {
      expect(span.attributes).toMatchObject(ofTool('get-note'))
      expect(span.attributes).toMatchObject({ 'jsonrpc.request.id': '1', 'mcp.protocol.version': '2025-11-25' })
      expect(Object.keys(span.attributes).filter((key) => /arguments|result|error/.test(key))).toEqual([])
      expect(span.status.code).toBe(SpanStatusCode.UNSET)
      expect(span.instrumentationScope.name).toBe('signalbox/mcp')
    }
    expect(call.server.parentSpanContext?.spanId).toBe(call.client.spanContext().spanId)
    expect(call.client.parentSpanContext).toBeUndefined()
    expect([...call.client.links, ...call.server.links]).toEqual([])
  })

  it('marks the result of a tool that failed, which is no error of the protocol', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    expect(await client.call('fails')).toMatchObject({ isError: true })
    const call = pair('tools/call fails')
    for (const span of [call.client, call.server]) {
      expect(span.attributes['error.type']).toBe('tool_error')
      expect(span.attributes).not.toHaveProperty('rpc.response.status_code')
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
      expect(span.events).toEqual([])
    }
  })

  it('records what a tool throws, once, though the SDK answers it as a result', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    expect(await client.call('throws')).toMatchObject({ ...text('page 7 of 3'), isError: true })
    const call = pair('tools/call throws')
    expect(call.server.attributes['error.type']).toBe('tool_error')
    expect(call.server.status).toEqual({ code: SpanStatusCode.ERROR, message: 'page 7 of 3' })
    expect(call.server.events.map(({ name }) => name)).toEqual(['exception'])
    expect(call.server.events[0]?.attributes).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'page 7 of 3',
      'exception.stacktrace': expect.stringContaining('mcp.test.ts'),
    })
    expect(call.client.events).toEqual([])
  })

  it('keeps the name of a tool that does not exist out of the span name of the server', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    await client.call('made-up-4711').catch(() => undefined)
    const server = find('tools/call', SpanKind.SERVER)
    expect(server.attributes['gen_ai.tool.name']).toBe('made-up-4711')
    expect(server.attributes['error.type']).toBe(sdk.version === '1.x' ? 'tool_error' : '-32602')
    expect(server.status.code).toBe(SpanStatusCode.ERROR)
    expect(find('tools/call made-up-4711', SpanKind.CLIENT).attributes['error.type']).toBe(
      server.attributes['error.type'],
    )
  })

  it('shows arguments that the tool does not take', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    expect(await client.call('get-note', { text: 5 })).toMatchObject({ isError: true })
    expect(pair('tools/call get-note').server.attributes['error.type']).toBe('tool_error')
    expect(pair('tools/call get-note').server.events).toEqual([])
  })

  it('shows a method that nobody handles by its code, under no name of its own', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    await expect(client.unknown('notes/made-up')).rejects.toThrow('Method not found')
    const server = find('MCP', SpanKind.SERVER)
    for (const span of [server, find('notes/made-up', SpanKind.CLIENT)]) {
      expect(span.attributes).toMatchObject({
        'mcp.method.name': 'notes/made-up',
        'rpc.response.status_code': '-32601',
        'error.type': '-32601',
      })
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: expect.stringContaining('Method not found') })
      expect(span.events).toEqual([])
    }
  })

  it('names prompts, and resources by their URI as an attribute alone', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    await client.prompt('summary')
    await client.read('note://1')
    await client.ping()
    const prompts = pair('prompts/get summary')
    const resources = pair('resources/read')
    for (const side of ['client', 'server'] as const) {
      expect(prompts[side].attributes).toMatchObject({
        'mcp.method.name': 'prompts/get',
        'gen_ai.prompt.name': 'summary',
      })
      expect(prompts[side].attributes).not.toHaveProperty('gen_ai.operation.name')
      expect(resources[side].attributes['mcp.resource.uri']).toBe('note://1')
      expect(pair('ping')[side].attributes).toMatchObject({ 'mcp.method.name': 'ping' })
      expect(pair('initialize')[side].attributes['mcp.protocol.version']).toBe('2025-11-25')
    }
  })

  it('shows a prompt that does not exist and records what a resource throws', async () => {
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    await expect(client.prompt('other')).rejects.toThrow('other')
    expect(find('prompts/get', SpanKind.SERVER).attributes).toMatchObject({
      'gen_ai.prompt.name': 'other',
      'error.type': '-32602',
    })
    expect(find('prompts/get', SpanKind.SERVER).events).toEqual([])
    await expect(client.read('notes://me:secret@host/7?q=a@b')).rejects.toThrow('not found')
    expect(find('resources/read', SpanKind.SERVER).attributes['mcp.resource.uri']).toBe('notes://host/7?q=a@b')
    local.spans.length = 0
    await expect(client.read('note://broken')).rejects.toThrow('no such page')
    const { client: sent, server: served } = pair('resources/read')
    expect(served.attributes).toMatchObject({ 'error.type': '-32603', 'rpc.response.status_code': '-32603' })
    expect(served.events.map(({ attributes }) => attributes?.['exception.type'])).toEqual(['RangeError'])
    expect(sent.events).toEqual([])
  })

  it('makes a CLIENT span of what a server asks its client, and a SERVER span there', async () => {
    const asking: Tools = { ask: async (_, { sample }) => text(JSON.stringify(await sample())) }
    const client = await inMemory(sdk, sdk.mcpServer(asking))
    expect(JSON.stringify(await client.call('ask'))).toContain('assistant')
    const call = pair('tools/call ask')
    const sample = pair('sampling/createMessage')
    expect(sample.client.parentSpanContext?.spanId).toBe(call.server.spanContext().spanId)
    expect(sample.server.parentSpanContext?.spanId).toBe(sample.client.spanContext().spanId)
    expect(new Set(local.spans.slice(-4).map((span) => span.spanContext().traceId)).size).toBe(1)
  })

  it('records arguments and results when asked to, without secrets and cut to size', async () => {
    const talking: Tools = {
      echo: ({ text: given }) => ({ ...text(`${given}`), structuredContent: { token: 'geheim', n: 1 } }),
    }
    const options = { recordArguments: true, recordResults: true, maxRecordedBytes: 40 }
    const client = await inMemory(sdk, sdk.mcpServer(talking), options)
    await client.call('echo', { text: 'ä'.repeat(30), password: 'geheim' })
    const call = pair('tools/call echo')
    for (const span of [call.client, call.server]) {
      const recorded = String(span.attributes['gen_ai.tool.call.arguments'])
      expect(recorded).toMatch(/^\{"text":"ä+$/)
      expect(Buffer.byteLength(recorded)).toBe(39)
      expect(span.attributes['gen_ai.tool.call.result']).toBe('{"token":"[Redacted]","n":1}')
    }
  })

  it('trusts the name of a tool of a low-level server once it was answered without an error', async () => {
    const server = sdk.bareServer((name) => (name === 'known' ? text('yes') : { ...text('no'), isError: true }))
    const client = await inMemory(sdk, server)
    await client.call(`unknown ${'x'.repeat(500)}`)
    expect(find('tools/call', SpanKind.SERVER).attributes['gen_ai.tool.name']).toHaveLength(128)
    await client.call('known')
    expect(pair('tools/call known').server.attributes).toMatchObject(ofTool('known'))
  })

  it('is instrumented once, and makes no span of a notification', async () => {
    const server = sdk.mcpServer(tools)
    expect(instrumentMcpServer(server)).toBe(server)
    instrumentMcpServer((server as unknown as { server: McpConnectable }).server)
    const client = await inMemory(sdk, server, { recordArguments: true })
    await client.call('throws')
    expect(local.spans.map(({ name }) => name)).toEqual([
      'initialize',
      'initialize',
      'tools/call throws',
      'tools/call throws',
    ])
    const served = find('tools/call throws', SpanKind.SERVER)
    expect(served.attributes).not.toHaveProperty('gen_ai.tool.call.arguments')
    expect(served.events).toHaveLength(1)
  })

  it('shows session, protocol, transport and address over HTTP', async () => {
    const http = await listen(httpListener(sdk, () => instrumentMcpServer(sdk.mcpServer(tools))))
    onTestFinished(http.close)
    const client = sdk.client()
    instrumentMcpClient(client.raw)
    await client.connect(sdk.httpClient(http.url))
    await client.call('get-note', { text: 'a' })
    await client.close()
    const call = pair('tools/call get-note')
    const session = call.client.attributes['mcp.session.id']
    expect(session).toMatch(/^[0-9a-f-]{36}$/)
    for (const span of [call.client, call.server, pair('initialize').client, pair('initialize').server])
      expect(span.attributes).toMatchObject({
        'mcp.session.id': session,
        'mcp.protocol.version': '2025-11-25',
        'network.transport': 'tcp',
        'network.protocol.name': 'http',
      })
    const port = Number(new URL(http.url).port)
    expect(call.client.attributes).toMatchObject({ 'server.address': '127.0.0.1', 'server.port': port })
    expect(call.server.parentSpanContext?.spanId).toBe(call.client.spanContext().spanId)
  })

  it('reads the protocol version of a server without sessions from the header', async () => {
    const http = await listen(httpListener(sdk, () => instrumentMcpServer(sdk.mcpServer(tools)), false))
    onTestFinished(http.close)
    const client = sdk.client()
    await client.connect(sdk.httpClient(http.url))
    await client.call('get-note')
    await client.close()
    const served = find('tools/call get-note', SpanKind.SERVER)
    expect(served.attributes['mcp.protocol.version']).toBe('2025-11-25')
    expect(served.attributes).not.toHaveProperty('mcp.session.id')
    expect(served.parentSpanContext).toBeUndefined()
  })

  it("takes a tracer provider of one's own", async () => {
    const names: string[] = []
    const tracerProvider = {
      getTracer: (name: string) => {
        names.push(name)
        return trace.getTracer(`mine of ${name}`)
      },
    }
    const client = await inMemory(sdk, sdk.mcpServer(tools), { tracerProvider })
    await client.ping()
    expect(new Set(names)).toEqual(new Set(['signalbox/mcp']))
    expect(pair('ping').server.instrumentationScope.name).toBe('mine of signalbox/mcp')
  })

  it('works where no telemetry is started', async () => {
    local.stop()
    const client = await inMemory(sdk, sdk.mcpServer(tools))
    expect(await client.call('get-note', { text: 'a' })).toMatchObject(text('note a'))
    expect(local.spans).toEqual([])
    expect(trace.getSpan(context.active())).toBeUndefined()
  })
})
