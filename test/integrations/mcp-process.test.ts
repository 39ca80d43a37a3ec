import { fileURLToPath } from 'node:url'
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPropagator } from '../../src/instrument/propagator.ts'
import { instrumentMcpClient } from '../../src/integrations/mcp.ts'
import { currentTenant, setTenant, withTenant } from '../../src/tenant/current.ts'
import { tenant } from '../../src/tenant/tenant.ts'
import { localSdk } from '../support/local-sdk.ts'
import { otlpSink, type OtlpSink, type ReceivedSpan } from '../support/otlp-sink.ts'
import { cleanEnv, runApp } from '../support/run-app.ts'
import { type Sdk, sdks, text } from './apps/mcp-kit.ts'

const registerUrl = new URL('../../src/register.ts', import.meta.url).href
const calls = 100

async function sinkFor(): Promise<{ sink: OtlpSink; env: Record<string, string> }> {
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  const env = {
    TELEMETRY_BACKENDS: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    TELEMETRY_LOG_STDOUT: 'false',
  }
  return { sink, env }
}

function setPropagator(): void {
  propagation.setGlobalPropagator(
    createPropagator({
      propagators: ['tracecontext', 'baggage'],
      propagation: { to: ['*'], keys: ['tenant.id'], edge: false },
    } as never),
  )
}

async function gateway(sdk: Sdk, env: Record<string, string>): Promise<string> {
  const app = runApp('../../integrations/apps/mcp-gateway.ts', {
    env: { ...env, MCP_SDK: sdk.version, OTEL_SERVICE_NAME: 'gateway', TELEMETRY_EDGE: 'true' },
  })
  return (await app.line(/^listening (\S+)$/))[1] ?? ''
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The spans from one up to its root, as `service kind name`. */
function chain(spans: readonly ReceivedSpan[], from: ReceivedSpan): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const found: string[] = []
  for (let span: ReceivedSpan | undefined = from; span !== undefined; span = byId.get(span.parentSpanId))
    found.push(`${textOf(span.resource['service.name'])} ${span.kind} ${span.name}`)
  return found
}

function spanOf(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name)
  expect(found, name).toHaveLength(1)
  return found[0] as ReceivedSpan
}

describe.each(sdks)('$version', (sdk) => {
  it.each([
    { client: 'instrumented', edges: ['caller 3 POST', 'caller 3 tools/call work', 'caller 1 ask'] },
    { client: 'not instrumented', edges: ['caller 3 POST', 'caller 1 ask'] },
  ])('makes one connected trace of a tool call over HTTP by a client that is $client', async ({ client, edges }) => {
    const { sink, env } = await sinkFor()
    const url = await gateway(sdk, env)
    const caller = runApp('../../integrations/apps/mcp-caller.ts', {
      env: {
        ...env,
        MCP_SDK: sdk.version,
        MCP_URL: url,
        MCP_INSTRUMENTED: String(client === 'instrumented'),
        OTEL_SERVICE_NAME: 'caller',
      },
    })
    expect(await caller.ended).toMatchObject({ code: 0 })
    const ofCall = (): ReceivedSpan[] => {
      const { traceId } = sink.spans().find(({ name }) => name === 'ask') ?? {}
      return sink.spans().filter((span) => span.traceId === traceId)
    }
    await sink.waitFor(() => ofCall().length >= 3 + edges.length && sink.logRecords().length > 0)

    const spans = ofCall()
    expect(chain(spans, spanOf(spans, 'step'))).toEqual([
      'gateway 1 step',
      'gateway 2 tools/call work',
      'gateway 2 POST',
      ...edges,
    ])
    expect(spans).toHaveLength(3 + edges.length)
    const served = spans.find(({ name, kind }) => name === 'tools/call work' && kind === 2)
    const sent = spans.find(({ name, kind }) => name === 'tools/call work' && kind === 3)
    expect(served?.links.map(({ spanId }) => spanId)).toEqual(sent === undefined ? [] : [sent.spanId])
    expect(served?.attributes).toMatchObject({ 'client.address': '127.0.0.1', 'network.transport': 'tcp' })
    // The gateway was sent no token and trusts no baggage: what it knows of the tenant is nothing.
    for (const { resource, attributes } of spans)
      expect(attributes['tenant.id']).toBe(resource['service.name'] === 'caller' ? 'acme' : undefined)
    expect(sink.logRecords()).toMatchObject([
      { body: 'working', traceId: served?.traceId, spanId: spanOf(spans, 'step').spanId },
    ])
  })

  it('never mixes up 100 concurrent calls of 10 tenants in one session over HTTP', async () => {
    const { sink, env } = await sinkFor()
    const url = await gateway(sdk, env)
    const client = sdk.client()
    const transport = sdk.httpClient(url) as { sessionId?: string }
    await client.connect(transport)
    onTestFinished(() => client.close())
    const answers = await Promise.all(
      Array.from({ length: calls }, async (_, index) => {
        const params = {
          name: 'work',
          arguments: { text: `t${index % 10}` },
          _meta: { baggage: `tenant.id=evil,user.id=evil` },
        }
        const answer = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-session-id': transport.sessionId ?? '',
            authorization: `Bearer t${index % 10}`,
            ...(index % 2 === 0 && { traceparent: `00-${'0'.repeat(29)}${100 + index}-00000000000000ff-01` }),
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1_000 + index, method: 'tools/call', params }),
        })
        return answer.text()
      }),
    )
    for (const [index, answer] of answers.entries()) expect(answer).toContain(`"text":"t${index % 10}"`)
    const tools = (): ReceivedSpan[] => sink.spans().filter(({ name }) => name === 'tools/call work')
    await sink.waitFor(
      () =>
        tools().length === calls &&
        sink.logRecords().length === calls &&
        sink.spans().filter(({ name, attributes }) => name === 'POST' && 'tenant.id' in attributes).length === calls,
    )
    const spans = sink.spans()
    for (const step of spans.filter(({ name }) => name === 'step')) {
      const whose = { 'tenant.id': step.attributes['asked'], 'user.id': `user of ${textOf(step.attributes['asked'])}` }
      const family = spans.filter(({ traceId }) => traceId === step.traceId)
      expect(chain(spans, step)).toEqual(['gateway 1 step', 'gateway 2 tools/call work', 'gateway 2 POST'])
      expect(family).toHaveLength(3)
      for (const span of family) expect(span.attributes).toMatchObject(whose)
      const record = sink.logRecords().filter(({ spanId }) => spanId === step.spanId)
      expect(record).toHaveLength(1)
      expect(record[0]?.attributes).toMatchObject({ ...whose, asked: whose['tenant.id'] })
    }
    expect(new Set(tools().map(({ traceId }) => traceId)).size).toBe(calls)
  })

  it('never mixes up 100 interleaved calls of 10 tenants over stdio', async () => {
    const { sink, env } = await sinkFor()
    const client = sdk.client()
    const app = fileURLToPath(new URL('apps/mcp-stdio.ts', import.meta.url))
    await client.connect(
      sdk.stdioClient(
        process.execPath,
        ['--import', registerUrl, app],
        cleanEnv({ ...env, MCP_SDK: sdk.version, OTEL_SERVICE_NAME: 'tools' }),
      ),
    )
    onTestFinished(() => client.close())
    const traceOf = (index: number): string => `${'0'.repeat(29)}${100 + index}`
    const answers = await Promise.all(
      Array.from({ length: calls }, (_, index) => {
        const meta = { traceparent: `00-${traceOf(index)}-00000000000000ff-01`, baggage: `tenant.id=t${index % 10}` }
        const isLate = index % 2 === 1
        const asked = `${isLate ? 'late ' : ''}t${index % 10}`
        return client.call('work', { text: asked }, { meta: isLate ? { traceparent: meta.traceparent } : meta })
      }),
    )
    for (const [index, answer] of answers.entries()) expect(answer).toMatchObject(text(`t${index % 10}`))
    const served = (): ReceivedSpan[] => sink.spans().filter(({ name }) => name === 'tools/call work')
    await sink.waitFor(() => served().length === calls && sink.logRecords().length === calls)
    const spans = sink.spans()
    for (let index = 0; index < calls; index++) {
      const family = spans.filter(({ traceId }) => traceId === traceOf(index))
      expect(family.map(({ name }) => name).toSorted()).toEqual(['step', 'tools/call work'])
      for (const { attributes } of family) expect(attributes['tenant.id']).toBe(`t${index % 10}`)
      const call = spanOf(family, 'tools/call work')
      expect(call).toMatchObject({ kind: 2, parentSpanId: '00000000000000ff' })
      expect(call.attributes).toMatchObject({ 'network.transport': 'pipe' })
      const records = sink.logRecords().filter(({ traceId }) => traceId === traceOf(index))
      expect(records.map(({ attributes }) => attributes['tenant.id'])).toEqual([`t${index % 10}`])
    }
  })

  it('connects the two ends of stdio, and tells the other end no tenant', async () => {
    const local = localSdk()
    onTestFinished(() => local.stop())
    setPropagator()
    const { sink, env } = await sinkFor()
    const client = sdk.client()
    instrumentMcpClient(client.raw)
    const app = fileURLToPath(new URL('apps/mcp-stdio.ts', import.meta.url))
    await client.connect(
      sdk.stdioClient(process.execPath, ['--import', registerUrl, app], cleanEnv({ ...env, MCP_SDK: sdk.version })),
    )
    onTestFinished(() => client.close())
    expect(await client.call('work', { text: 'a' })).toMatchObject(text('undefined'))
    await sink.waitFor(() => sink.spans().some(({ name }) => name === 'tools/call work'))
    const sent = local.span('tools/call work')
    expect(sent.kind).toBe(SpanKind.CLIENT)
    expect(sent.attributes).toMatchObject({ 'network.transport': 'pipe' })
    expect(sent.attributes).not.toHaveProperty('server.address')
    expect(spanOf(sink.spans(), 'tools/call work')).toMatchObject({
      traceId: sent.spanContext().traceId,
      parentSpanId: sent.spanContext().spanId,
    })
  })

  it('does not take whoever connected for the one a message is about, over stdio and HTTP', async () => {
    const local = localSdk()
    onTestFinished(() => local.stop())
    setPropagator()
    const { env } = await sinkFor()
    const app = fileURLToPath(new URL('apps/mcp-stdio.ts', import.meta.url))
    const stdio = (instrumented: boolean): unknown =>
      sdk.stdioClient(
        process.execPath,
        ['--import', registerUrl, app],
        cleanEnv({ ...env, MCP_SDK: sdk.version, MCP_INSTRUMENTED: String(instrumented) }),
      )
    const url = await gateway(sdk, env)
    for (const [kind, transport] of [
      ['stdio', stdio(true)],
      ['stdio, saying no trace', stdio(false)],
      ['http', sdk.httpClient(url)],
    ] as const) {
      local.spans.length = 0
      const seen: unknown[] = []
      const see = (what: string) => () => seen.push([what, currentTenant()?.['tenant.id']])
      const client = sdk.client(see('asked'))
      instrumentMcpClient(client.raw)
      const tracer = trace.getTracer('test')
      // The request that connects is under way all the time.
      await tracer.startActiveSpan('first', { kind: SpanKind.SERVER }, async (first) => {
        setTenant(tenant({ id: 'first' }))
        await client.connect(transport)
        await context.with(ROOT_CONTEXT, () =>
          tracer.startActiveSpan('second', { kind: SpanKind.SERVER }, async (second) => {
            setTenant(tenant({ id: 'second' }))
            await client.call('ask', {}, { onprogress: see('told') })
            second.end()
          }),
        )
        first.end()
      })
      await client.close()
      const asker = kind === 'stdio, saying no trace' ? undefined : 'second'
      expect(seen, kind).toEqual([
        ['told', 'second'],
        ['asked', asker],
      ])
      const asked = local.span('sampling/createMessage')
      expect(asked.attributes['tenant.id']).toBe(asker)
      const call = local.span('tools/call ask').spanContext()
      // Over HTTP the answer comes on the stream of the call, whose span is active there.
      if (kind === 'stdio') expect(asked.spanContext().traceId).toBe(call.traceId)
      else if (kind === 'http') expect(asked.links.map((link) => link.context.spanId)).toEqual([call.spanId])
    }
  })

  it('names no tenant for what a server asks where it could be for either of two', async () => {
    const local = localSdk()
    onTestFinished(() => local.stop())
    setPropagator()
    const { env } = await sinkFor()
    const seen: unknown[] = []
    const client = sdk.client(() => seen.push(currentTenant()))
    instrumentMcpClient(client.raw)
    const app = fileURLToPath(new URL('apps/mcp-stdio.ts', import.meta.url))
    await client.connect(
      sdk.stdioClient(process.execPath, ['--import', registerUrl, app], cleanEnv({ ...env, MCP_SDK: sdk.version })),
    )
    onTestFinished(() => client.close())
    await trace.getTracer('test').startActiveSpan('two calls', async (span) => {
      await Promise.all(['one', 'two'].map((id) => withTenant(tenant({ id }), () => client.call('ask'))))
      span.end()
    })
    // The first is asked for while both calls wait; at the second one of them may be over.
    expect(seen).toHaveLength(2)
    expect(seen[0]).toBeUndefined()
  })
})
