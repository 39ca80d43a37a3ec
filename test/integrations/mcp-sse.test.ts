// The HTTP transport of the first revision of MCP, which 1.x still has: requests by POST, answers on one GET stream.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { createPropagator } from '../../src/instrument/propagator.ts'
import { instrumentMcpClient, instrumentMcpServer } from '../../src/integrations/mcp.ts'
import { currentTenant, setTenant } from '../../src/tenant/current.ts'
import { tenant } from '../../src/tenant/tenant.ts'
import { localSdk } from '../support/local-sdk.ts'
import { connect, listen, sdks, text } from './apps/mcp-kit.ts'

interface SseTransport {
  sessionId: string
  handlePostMessage(request: IncomingMessage, response: ServerResponse): Promise<void>
}

let local: ReturnType<typeof localSdk>

beforeEach(() => {
  local = localSdk()
  propagation.setGlobalPropagator(
    createPropagator({
      propagators: ['tracecontext', 'baggage'],
      propagation: { to: ['loopback'], keys: ['tenant.id'], edge: true },
    } as never),
  )
})
afterEach(() => local.stop())

it('puts each call under the POST that brought it, not under the GET that the answer goes to', async () => {
  const [first] = sdks
  if (first === undefined) throw new Error('no SDK')
  const server = (await import('@modelcontextprotocol/sdk/server/sse.js')) as unknown as {
    SSEServerTransport: new (path: string, response: ServerResponse) => SseTransport
  }
  const client = (await import('@modelcontextprotocol/sdk/client/sse.js')) as unknown as {
    SSEClientTransport: new (url: URL) => unknown
  }
  const sessions = new Map<string, SseTransport>()
  const who = { who: () => text(`${currentTenant()?.['tenant.id']}`) }
  const tracer = trace.getTracer('http')
  const http = await listen((request, response) => {
    const span = tracer.startSpan(request.method ?? '', { kind: SpanKind.SERVER })
    response.on('close', () => span.end())
    context.with(trace.setSpan(context.active(), span), () => {
      setTenant(tenant({ id: `of ${request.method}` }))
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://mcp')
      if (pathname === '/messages')
        return void sessions.get(searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response)
      const transport = new server.SSEServerTransport('/messages', response)
      sessions.set(transport.sessionId, transport)
      return void connect(instrumentMcpServer(first.mcpServer(who)), transport)
    })
  })
  onTestFinished(http.close)
  const test = first.client()
  instrumentMcpClient(test.raw)
  await test.connect(new client.SSEClientTransport(new URL(http.url)))
  onTestFinished(() => test.close())
  expect(await test.call('who')).toMatchObject(text('of POST'))

  const calls = local.spans.filter(({ name }) => name === 'tools/call who')
  const served = calls.find(({ kind }) => kind === SpanKind.SERVER)
  const sent = calls.find(({ kind }) => kind === SpanKind.CLIENT)
  const posts = local.spans.filter(({ name }) => name === 'POST').map((span) => span.spanContext().spanId)
  expect(posts).toContain(served?.parentSpanContext?.spanId)
  expect(served?.links.map((link) => link.context.spanId)).toEqual([sent?.spanContext().spanId])
  expect(served?.attributes).toMatchObject({ 'tenant.id': 'of POST', 'network.transport': 'tcp' })
  expect(sent?.attributes).toMatchObject({ 'server.address': '127.0.0.1', 'network.transport': 'tcp' })
})
