// Protocol revision 2026-07-28, which only 2.x of the SDK speaks: no sessions, no requests from server to client.
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { propagation, SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { createPropagator } from '../../src/instrument/propagator.ts'
import { instrumentMcpClient, instrumentMcpServer } from '../../src/integrations/mcp.ts'
import { localSdk } from '../support/local-sdk.ts'
import { otlpSink, type ReceivedSpan } from '../support/otlp-sink.ts'
import { cleanEnv } from '../support/run-app.ts'
import { listen, text } from './apps/mcp-kit.ts'

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

async function connected(register: (server: McpServer) => void): Promise<Client> {
  const handler = createMcpHandler(() => {
    const server = instrumentMcpServer(new McpServer({ name: 'notes', version: '1.0.0' }))
    register(server)
    return server
  })
  const serve = toNodeHandler(handler)
  const http = await listen((request, response) => void serve(request as never, response))
  onTestFinished(http.close)
  const client = instrumentMcpClient(
    new Client(
      { name: 'test', version: '1.0.0' },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: 'auto' } },
    ),
  )
  await client.connect(new StreamableHTTPClientTransport(new URL(http.url)))
  onTestFinished(() => client.close())
  return client
}

async function ended(name: string, kind: SpanKind, count = 1): Promise<ReadableSpan[]> {
  const found = (): ReadableSpan[] => local.spans.filter((span) => span.name === name && span.kind === kind)
  await vi.waitFor(() => expect(found()).toHaveLength(count), { timeout: 10_000 })
  return found()
}

it('traces a server made for each request, from the discovery on', async () => {
  const client = await connected((server) =>
    server.registerTool('get-note', { inputSchema: z.object({}) }, () => ({ ...text('a note') })),
  )
  expect(await client.callTool({ name: 'get-note' })).toMatchObject(text('a note'))
  for (const name of ['server/discover', 'tools/call get-note']) {
    const [[sent], [served]] = await Promise.all([ended(name, SpanKind.CLIENT), ended(name, SpanKind.SERVER)])
    expect(served?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId)
    for (const span of [sent, served])
      expect(span?.attributes).toMatchObject({ 'mcp.protocol.version': '2026-07-28', 'network.transport': 'tcp' })
    expect([sent?.status, served?.status]).toEqual([{ code: 0 }, { code: 0 }])
  }
})

it('makes a span of each round of a call that asks its client for something', async () => {
  const schema = z.object({ confirm: z.boolean() })
  const client = await connected((server) =>
    server.registerTool('delete-note', { inputSchema: z.object({}) }, (_, { mcpReq }) => {
      if (acceptedContent(mcpReq.inputResponses, 'confirm', schema)?.confirm === true) return { ...text('deleted') }
      const confirm = inputRequired.elicit({ message: 'Delete it?', requestedSchema: schema })
      return inputRequired({ inputRequests: { confirm } })
    }),
  )
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { confirm: true } }))
  expect(await client.callTool({ name: 'delete-note' })).toMatchObject(text('deleted'))
  const sent = await ended('tools/call delete-note', SpanKind.CLIENT, 2)
  const served = await ended('tools/call delete-note', SpanKind.SERVER, 2)
  expect(served.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
    sent.map((span) => span.spanContext().spanId),
  )
  for (const span of [...sent, ...served]) expect(span.attributes).not.toHaveProperty('error.type')
})

it('ends both spans of a call that is cancelled by the end of its HTTP request', async () => {
  const begun = Promise.withResolvers<void>()
  const client = await connected((server) =>
    server.registerTool('waits', { inputSchema: z.object({}) }, async (_, { mcpReq }) => {
      begun.resolve()
      await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve))
      return { ...text('too late') }
    }),
  )
  const abort = new AbortController()
  const call = client.callTool({ name: 'waits' }, { signal: abort.signal })
  await begun.promise
  abort.abort('no longer needed')
  await expect(call).rejects.toThrow('no longer needed')
  const [[sent], [served]] = await Promise.all([
    ended('tools/call waits', SpanKind.CLIENT),
    ended('tools/call waits', SpanKind.SERVER),
  ])
  expect([sent?.attributes['error.type'], served?.attributes['error.type']]).toEqual(['cancelled', 'connection_closed'])
})

it('ends the span of a subscription when the server has acknowledged it', async () => {
  const client = await connected((server) =>
    server.registerTool('get-note', { inputSchema: z.object({}) }, () => ({ ...text('a note') })),
  )
  const subscription = await client.listen({ toolsListChanged: true })
  const [sent] = (await ended('subscriptions/listen', SpanKind.CLIENT)) as [ReadableSpan]
  expect(sent.status).toEqual({ code: 0 })
  expect(sent.attributes).not.toHaveProperty('error.type')
  await subscription.close()
})

it('knows stdio behind the channel of serveStdio', async () => {
  const client = instrumentMcpClient(
    new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } }),
  )
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  const app = fileURLToPath(new URL('apps/mcp-stdio.ts', import.meta.url))
  const env = cleanEnv({
    TELEMETRY_BACKENDS: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    TELEMETRY_LOG_STDOUT: 'false',
    MCP_SERVE: 'true',
  })
  const register = new URL('../../src/register.ts', import.meta.url).href
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: ['--import', register, app], env, stderr: 'inherit' }),
  )
  onTestFinished(() => client.close())
  await client.callTool({ name: 'work', arguments: { text: 'a' } })
  const served = (): ReceivedSpan | undefined => sink.spans().find(({ name }) => name === 'tools/call work')
  await sink.waitFor(() => served() !== undefined)
  const [sent] = (await ended('tools/call work', SpanKind.CLIENT)) as [ReadableSpan]
  const attributes = { 'network.transport': 'pipe', 'mcp.protocol.version': '2026-07-28' }
  expect(sent.attributes).toMatchObject(attributes)
  expect(served()).toMatchObject({ kind: 2, parentSpanId: sent.spanContext().spanId, attributes })
})
