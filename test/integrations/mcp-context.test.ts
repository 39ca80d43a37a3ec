import type { RequestListener } from 'node:http'
import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, trace, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { createPropagator } from '../../src/instrument/propagator.ts'
import { instrumentMcpClient, instrumentMcpServer, type McpConnectable } from '../../src/integrations/mcp.ts'
import { currentTenant, setAttributes, setTenant, withTenant } from '../../src/tenant/current.ts'
import { tenant } from '../../src/tenant/tenant.ts'
import { localSdk } from '../support/local-sdk.ts'
import { connect, httpListener, listen, type Sdk, sdks, type TestClient, text, type Tools } from './apps/mcp-kit.ts'

const acme = tenant({ id: 'acme', userId: 'u-1' })
const traceId = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const caller = { traceId, spanId: 'bbbbbbbbbbbbbbbb', traceFlags: TraceFlags.SAMPLED }
const traceparent = `00-${caller.traceId}-${caller.spanId}-01`
const forged = { traceparent, baggage: 'tenant.id=evil,user.id=u-evil' }

let local: ReturnType<typeof localSdk>

function setPropagator(options: { edge?: boolean; to?: string[]; key?: string } = {}): void {
  propagation.disable()
  const keys = ['tenant.id', 'user.id', 'workflow.id']
  propagation.setGlobalPropagator(
    createPropagator({
      propagators: ['tracecontext', 'baggage'],
      propagation: {
        to: options.to ?? ['loopback'],
        keys,
        edge: options.edge ?? false,
        tenantKeys: options.key === undefined ? [] : [{ reveal: () => options.key }],
      },
    } as never),
  )
}

beforeEach(() => {
  diagnostics.reset()
  local = localSdk()
  setPropagator()
})
afterEach(() => local.stop())

/** What a tool sees of whose work it does, as its answer. */
const seeing: Tools = {
  who: ({ text: id }) => {
    if (id !== undefined) setTenant(tenant({ id }))
    trace.getTracer('tool').startSpan('in tool').end()
    return text(`${currentTenant()?.['tenant.id']} ${currentTenant()?.['user.id']}`)
  },
}

/** Does what the HTTP instrumentation does: a SERVER span around each request, ended with the response. */
function traced(listener: RequestListener, authenticate: () => void = () => undefined): RequestListener {
  return (request, response) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers)
    const attributes = { 'client.address': '127.0.0.1', 'server.address': 'notes.test' }
    const span = trace.getTracer('http').startSpan('POST', { kind: SpanKind.SERVER, attributes }, parent)
    response.on('close', () => span.end())
    context.with(trace.setSpan(parent, span), () => {
      authenticate()
      listener(request, response)
    })
  }
}

/** Sends the text of a request to a server over HTTP, so that header and `_meta` can say anything. */
async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-06-18',
      ...headers,
    },
    body: JSON.stringify(body),
  })
  return answer.text()
}

function callOf(_meta?: Record<string, unknown>, asked?: string, id = 1): unknown {
  const params = { name: 'who', arguments: asked === undefined ? {} : { text: asked }, ...(_meta && { _meta }) }
  return { jsonrpc: '2.0', id, method: 'tools/call', params }
}

async function serve(sdk: Sdk, authenticate?: () => void): Promise<string> {
  const listener = httpListener(sdk, () => instrumentMcpServer(sdk.mcpServer(seeing)), false)
  const http = await listen(traced(listener, authenticate))
  onTestFinished(http.close)
  return http.url
}

async function ended(name: string, count = 1): Promise<ReadableSpan[]> {
  await expect.poll(() => local.spans.filter((span) => span.name === name).length).toBe(count)
  return local.spans.filter((span) => span.name === name)
}

/** The HTTP span, the MCP span and the span of the tool of the one request there was. */
async function three(): Promise<[ReadableSpan, ReadableSpan, ReadableSpan]> {
  const [http] = (await ended('POST')) as [ReadableSpan]
  return [http, local.span('tools/call who'), local.span('in tool')]
}

async function linked(sdk: Sdk, server: McpConnectable): Promise<TestClient> {
  const [near, far] = sdk.linkedPair()
  await connect(instrumentMcpServer(server), far)
  const client = sdk.client()
  await client.connect(near)
  onTestFinished(() => client.close())
  return client
}

const linksOf = (span: ReadableSpan): string[] => span.links.map((link) => link.context.spanId)

describe.each(sdks)('$version', (sdk) => {
  it.each([
    { name: 'nothing', headers: {}, meta: undefined, links: [], traces: undefined },
    { name: 'a header', headers: { traceparent }, meta: undefined, links: [], traces: traceId },
    { name: '`_meta`', headers: {}, meta: { traceparent }, links: [caller.spanId], traces: undefined },
    { name: 'the same in both', headers: { traceparent }, meta: { traceparent }, links: [], traces: traceId },
    {
      name: 'two spans of one trace',
      headers: { traceparent: `00-${traceId}-cccccccccccccccc-01` },
      meta: { traceparent },
      links: [caller.spanId],
      traces: traceId,
    },
    {
      name: 'two traces',
      headers: { traceparent: '00-dddddddddddddddddddddddddddddddd-cccccccccccccccc-01' },
      meta: { traceparent },
      links: [caller.spanId],
      traces: 'dddddddddddddddddddddddddddddddd',
    },
    {
      name: 'nonsense in `_meta`',
      headers: {},
      meta: { traceparent: 7, tracestate: [] },
      links: [],
      traces: undefined,
    },
  ])('makes one trace of a call over HTTP whose caller sends $name', async ({ headers, meta, links, traces }) => {
    await post(await serve(sdk), callOf(meta), headers)
    const [http, mcp, tool] = await three()
    expect(mcp.parentSpanContext?.spanId).toBe(http.spanContext().spanId)
    expect(tool.parentSpanContext?.spanId).toBe(mcp.spanContext().spanId)
    expect(new Set([http, mcp, tool].map((span) => span.spanContext().traceId)).size).toBe(1)
    if (traces !== undefined) expect(http.spanContext().traceId).toBe(traces)
    expect(linksOf(mcp)).toEqual(links)
    expect(mcp.attributes).toMatchObject({ 'client.address': '127.0.0.1', 'server.address': 'notes.test' })
  })

  it('takes `_meta` for the parent where there is no HTTP request', async () => {
    const client = await linked(sdk, sdk.mcpServer(seeing))
    await client.call('who', {}, { meta: { traceparent, tracestate: 'a=b' } })
    const parent = local.span('tools/call who').parentSpanContext
    expect(parent).toMatchObject({ ...caller, isRemote: true })
    expect(parent?.traceState?.serialize()).toBe('a=b')
  })

  it('links the span that is active where `_meta` names the parent', async () => {
    const client = await linked(sdk, sdk.mcpServer(seeing))
    await trace.getTracer('test').startActiveSpan('around', async (around) => {
      await client.call('who', {}, { meta: { traceparent } })
      expect(linksOf(local.span('tools/call who'))).toEqual([around.spanContext().spanId])
      around.end()
    })
    expect(local.span('tools/call who').parentSpanContext?.spanId).toBe(caller.spanId)
  })

  it('does not take a span that has ended for the parent', async () => {
    const client = await linked(sdk, sdk.mcpServer(seeing))
    const over = trace.getTracer('test').startSpan('start of the process')
    over.end()
    await context.with(trace.setSpan(context.active(), over), () => client.call('who'))
    expect(local.span('tools/call who').parentSpanContext).toBeUndefined()
    expect(linksOf(local.span('tools/call who'))).toEqual([])
  })

  it('lets the tenant of the HTTP request win over `_meta`, on every span', async () => {
    const url = await serve(sdk, () => setTenant(acme))
    expect(await post(url, callOf({ ...forged, baggage: `${forged.baggage},workflow.id=w-1` }))).toContain('acme u-1')
    const [http, mcp, tool] = await three()
    for (const span of [http, mcp, tool])
      expect(span.attributes).toMatchObject({ 'tenant.id': 'acme', 'user.id': 'u-1' })
    expect(mcp.attributes['workflow.id']).toBe('w-1')
  })

  it('lets what else the HTTP request knows win over `_meta`', async () => {
    const url = await serve(sdk, () => setAttributes({ 'workflow.id': 'known' }))
    await post(url, callOf({ traceparent, baggage: 'workflow.id=sent' }))
    for (const span of await three()) expect(span.attributes['workflow.id']).toBe('known')
  })

  it('does not complete an identity with what `_meta` says', async () => {
    const url = await serve(sdk, () => setTenant(tenant({ id: 'acme' })))
    expect(await post(url, callOf(forged))).toContain('acme undefined')
    for (const span of await three()) expect(span.attributes).not.toHaveProperty('user.id')
  })

  it('reads the tenant from `_meta` inside the trust boundary, and drops it at the edge', async () => {
    const client = await linked(sdk, sdk.mcpServer(seeing))
    expect(JSON.stringify(await client.call('who', {}, { meta: forged }))).toContain('evil u-evil')
    expect(local.span('tools/call who').attributes['tenant.id']).toBe('evil')
    expect(local.span('in tool').attributes['tenant.id']).toBe('evil')

    local.spans.length = 0
    setPropagator({ edge: true })
    expect(JSON.stringify(await client.call('who', {}, { meta: forged }))).toContain('undefined undefined')
    for (const span of local.spans) expect(Object.keys(span.attributes).join()).not.toMatch(/tenant\.|user\./)
    expect(local.span('tools/call who').parentSpanContext?.traceId).toBe(traceId)
  })

  it('takes a signed tenant for the trace it was signed for and for no other', async () => {
    setPropagator({ key: 'k'.repeat(32) })
    const signed: Record<string, string> = {}
    const client = trace.getTracer('test').startSpan('call', {
      kind: SpanKind.CLIENT,
      attributes: { 'server.address': '127.0.0.1' },
    })
    withTenant(acme, () => propagation.inject(trace.setSpan(context.active(), client), signed))
    expect(signed['baggage']).toContain('tenant.id=acme')
    const url = await serve(sdk)
    expect(await post(url, callOf(signed), { traceparent: signed['traceparent'] ?? '' })).toContain('acme u-1')
    expect(await post(url, callOf(signed), { traceparent })).toContain('undefined undefined')
    expect(await post(url, callOf(signed))).toContain('undefined undefined')
    expect(await post(url, callOf({ ...signed, baggage: 'tenant.id=acme' }))).toContain('undefined undefined')
    expect(diagnostics.counters()).toMatchObject({
      tenant_baggage_ignored_replayed: 2,
      tenant_baggage_ignored_unsigned: 1,
    })
    const calls = await ended('tools/call who', 4)
    expect(calls.map(({ attributes }) => attributes['tenant.id'])).toEqual(['acme', undefined, undefined, undefined])
  })

  it('gives the HTTP span the tenant that the tool learns', async () => {
    await post(await serve(sdk), callOf(undefined, 'late'))
    for (const span of await three()) expect(span.attributes['tenant.id']).toBe('late')
  })

  it('gives an HTTP request of two calls the tenant of neither', async () => {
    const batch = [callOf(undefined, 'one', 1), callOf(undefined, 'two', 2)]
    await post(await serve(sdk), batch, { 'mcp-protocol-version': '2025-03-26' })
    const [http] = (await ended('POST')) as [ReadableSpan]
    expect(http.attributes).not.toHaveProperty('tenant.id')
    const calls = await ended('tools/call who', 2)
    expect(calls.map(({ attributes }) => attributes['tenant.id'])).toEqual(['one', 'two'])
    expect(new Set(calls.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(
      new Set([http.spanContext().spanId]),
    )
  })

  it('keeps a tenant that holds for the whole server', async () => {
    const [near, far] = sdk.linkedPair()
    const client = sdk.client()
    onTestFinished(() => client.close())
    await connect(instrumentMcpServer(sdk.mcpServer(seeing)), far)
    await withTenant(acme, async () => {
      await client.connect(near)
      expect(JSON.stringify(await client.call('who', {}, { meta: forged }))).toContain('acme u-1')
    })
  })

  describe('a client', () => {
    /** A client, and the bodies and headers that it sent over HTTP. */
    async function sending(): Promise<{ client: TestClient; bodies: Record<string, unknown>[]; span: () => Span }> {
      const bodies: Record<string, unknown>[] = []
      const http = await listen(httpListener(sdk, () => sdk.mcpServer(seeing)))
      onTestFinished(http.close)
      const client = sdk.client()
      instrumentMcpClient(client.raw)
      await client.connect(sdk.httpClient(http.url, (body) => bodies.push(JSON.parse(body) as Record<string, unknown>)))
      onTestFinished(() => client.close())
      return { client, bodies, span: () => local.span('tools/call who') as unknown as Span }
    }

    const metaOf = (bodies: Record<string, unknown>[]): Record<string, unknown> => {
      const call = bodies.find((body) => body['method'] === 'tools/call') as {
        params: { _meta: Record<string, unknown> }
      }
      return call.params._meta
    }

    it('sends its span and, to a host that may know, the tenant', async () => {
      const { client, bodies, span } = await sending()
      await withTenant(acme, () => client.call('who'))
      const { spanId, traceId: sent } = span().spanContext()
      expect(metaOf(bodies)['traceparent']).toBe(`00-${sent}-${spanId}-01`)
      expect(metaOf(bodies)['baggage']).toBe('tenant.id=acme,user.id=u-1')
      expect(local.span('tools/call who').attributes['tenant.id']).toBe('acme')
    })

    it('does not tell the tenant to another host', async () => {
      setPropagator({ to: ['internal.test'] })
      const { client, bodies } = await sending()
      await withTenant(acme, () => client.call('who'))
      expect(Object.keys(metaOf(bodies))).toContain('traceparent')
      expect(JSON.stringify(bodies)).not.toContain('acme')
    })

    it('keeps the keys of its caller, but for the trace context and the baggage of somebody else', async () => {
      setPropagator({ to: ['internal.test'] })
      const { client, bodies, span } = await sending()
      const meta = Object.freeze({
        ...forged,
        tracestate: 'old=1',
        'notes.test/key': { deep: true },
        progressToken: 'p',
      })
      await client.call('who', Object.freeze({}), { meta })
      const { traceparent: sent, ...rest } = metaOf(bodies)
      expect(sent).toContain(span().spanContext().spanId)
      expect(rest).toMatchObject({ 'notes.test/key': { deep: true }, progressToken: 'p' })
      expect(Object.keys(rest)).not.toContain('baggage')
      expect(Object.keys(rest)).not.toContain('tracestate')
      expect(meta.baggage).toBe(forged.baggage)
    })

    it('puts the trace context of the work around into notifications, never its tenant', async () => {
      const { client, bodies } = await sending()
      const { notification } = client.raw as unknown as { notification: (notification: unknown) => Promise<void> }
      const progress = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }
      const around = trace.getTracer('test').startSpan('around', { kind: SpanKind.PRODUCER })
      await withTenant(acme, () =>
        context.with(trace.setSpan(context.active(), around), () => notification.call(client.raw, progress)),
      )
      const sent = bodies.find((body) => body['method'] === 'notifications/progress')
      expect(sent).toMatchObject({
        params: { progress: 1, _meta: { traceparent: expect.stringContaining(around.spanContext().spanId) } },
      })
      expect(JSON.stringify(sent)).not.toContain('acme')
    })

    it('does not believe what a server says of the tenant', async () => {
      const seen: unknown[] = []
      const client = sdk.client(() => seen.push(currentTenant()))
      const [near, far] = sdk.linkedPair() as [unknown, { send: (message: unknown) => Promise<void> }]
      instrumentMcpClient(client.raw)
      await connect(sdk.mcpServer(seeing), far)
      await client.connect(near)
      onTestFinished(() => client.close())
      const params = { messages: [], maxTokens: 1, _meta: forged }
      await far.send({ jsonrpc: '2.0', id: 'asked', method: 'sampling/createMessage', params })
      const [asked] = (await ended('sampling/createMessage')) as [ReadableSpan]
      expect(seen).toEqual([undefined])
      expect(asked.parentSpanContext?.spanId).toBe(caller.spanId)
      expect(JSON.stringify(asked.attributes)).not.toContain('evil')
    })

    it('says nothing of the tenant where the server has no address', async () => {
      const client = sdk.client()
      const [near, far] = sdk.linkedPair()
      const metas: unknown[] = []
      const server = sdk.mcpServer(seeing)
      await connect(server, far)
      const transport = far as { onmessage: (message: unknown, extra?: unknown) => void }
      const { onmessage } = transport
      Object.assign(transport, {
        onmessage: (message: { params?: { _meta?: unknown } }, extra: unknown) => {
          metas.push(message.params?._meta)
          onmessage(message, extra)
        },
      })
      instrumentMcpClient(client.raw)
      await withTenant(acme, async () => {
        await client.connect(near)
        await client.call('who')
      })
      await client.close()
      expect(metas.at(-1)).toEqual({ traceparent: expect.stringMatching(/^00-/) })
    })
  })
})
