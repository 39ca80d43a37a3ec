import { type Context, context, type SpanContext, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/logging/logger.ts'
import { setTenant, withAttributes, withTenant } from '../../src/tenant/current.ts'
import { tenant } from '../../src/tenant/tenant.ts'
import { capture, lines, writtenKeys } from './support.ts'

const acme = tenant({ id: 'acme', userId: 'user_1', email: 'a@acme.example', appName: 'bm-acme' })
const globex = tenant({ id: 'globex' })
const otherTrace = '0af7651916cd43dd8448eb211c80319c'
const otherSpan = 'b7ad6b7169203331'

const provider = new TracerProvider()
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterEach(() => {
  trace.disable()
})
afterAll(() => {
  context.disable()
})

function inSpan<T>(fn: (spanContext: SpanContext) => T, from: TracerProvider = provider): T {
  return from.getTracer('test').startActiveSpan('work', (span) => {
    try {
      return fn(span.spanContext())
    } finally {
      span.end()
    }
  })
}

describe('a line of our logger', () => {
  it('carries the trace inside a span and nothing of it outside', () => {
    const out = lines()
    const log = createLogger({}, out)
    const spanContext = inSpan((active) => {
      log.info('inside')
      return active
    })
    log.info('outside')
    const [inside, outside] = out.text.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(inside).toMatchObject({ trace_id: spanContext.traceId, span_id: spanContext.spanId, trace_flags: '01' })
    expect(Object.keys(outside ?? {})).toEqual(['level', 'time', 'pid', 'hostname', 'msg'])
  })

  it('does not carry an invalid span', () => {
    const out = lines()
    const invalid = trace.setSpanContext(context.active(), {
      traceId: '0'.repeat(32),
      spanId: otherSpan,
      traceFlags: 1,
    })
    context.with(invalid, () => createLogger({}, out).info('x'))
    expect(out.line()).not.toHaveProperty('trace_id')
  })

  it("carries the tenant's keys and the attributes of the work", () => {
    const out = lines()
    withTenant(acme, () => withAttributes({ 'workflow.id': 'w-1' }, () => createLogger({}, out).info('x')))
    expect(out.line()).toMatchObject({ ...acme, 'workflow.id': 'w-1' })
  })

  it('has each key once where a child has them as bindings', () => {
    const out = lines()
    const log = createLogger({}, out)
    const child = log.child(acme).child({ trace_id: otherTrace, span_id: otherSpan })
    inSpan(() => withTenant(acme, () => child.info({ a: 1 }, 'x')))
    const keys = writtenKeys(out.text[0] as string)
    expect(keys).toEqual([...new Set(keys)])
    expect(out.line()).toMatchObject({ ...acme, trace_id: otherTrace, span_id: otherSpan, a: 1 })
  })

  it('sees bindings that are set later', () => {
    const out = lines()
    const child = createLogger({}, out).child({ a: 1 })
    withTenant(acme, () => {
      child.info('before')
      child.setBindings({ 'tenant.id': 'acme' })
      child.info('after')
    })
    for (const line of out.text) expect(writtenKeys(line).filter((key) => key === 'tenant.id')).toHaveLength(1)
  })

  it("lets the line's own tenant win, without the other's attributes", () => {
    const out = lines()
    const captured = capture()
    const log = createLogger({}, out)
    withTenant(acme, () => {
      log.child(globex).info('bound')
      log.info({ 'tenant.id': 'initech' }, 'given')
    })
    const expected = [{ 'tenant.id': 'globex' }, { 'tenant.id': 'initech' }].map((own) => ({
      'user.id': 'user_1',
      'user.email': 'a@acme.example',
      ...own,
    }))
    expect(captured.records().map(({ attributes }) => attributes)).toEqual(expected)
    for (const [index, line] of out.text.entries()) {
      expect(JSON.parse(line)).toMatchObject(expected[index] as object)
      expect(line).not.toContain('bm-acme')
    }
  })

  it("puts ours under the user's mixin, and keeps a merge strategy", () => {
    const out = lines()
    const log = createLogger(
      {
        mixin: (_given, level, logger) => ({
          level_seen: level,
          has_child: typeof logger.child,
          'user.id': 'by mixin',
        }),
        mixinMergeStrategy: (given, mixed) => ({ ...given, ...mixed, merged: true }),
      },
      out,
    )
    withTenant(acme, () => log.info({ a: 1 }, 'x'))
    expect(out.line()).toMatchObject({
      a: 1,
      level_seen: 30,
      has_child: 'function',
      'user.id': 'by mixin',
      merged: true,
    })
    expect(out.line()['tenant.id']).toBe('acme')
  })
})

describe('a record', () => {
  it.each([
    ['our logger', () => createLogger({}, lines())],
    ['a foreign logger', () => pino({}, lines())],
    ['a logger with a nested key', () => createLogger({ nestedKey: 'data' }, lines())],
  ])('of %s has trace and tenant once, as its own fields', (_name, make) => {
    const captured = capture()
    const spanContext = inSpan((active) => {
      withTenant(acme, () => make().info({ a: 1 }, 'x'))
      return active
    })
    const record = captured.record()
    expect(record.spanContext).toMatchObject({ traceId: spanContext.traceId, spanId: spanContext.spanId })
    expect(record.attributes).toEqual({ ...acme, ...('a' in record.attributes ? { a: 1 } : { data: { a: 1 } }) })
  })

  it('is of the tenant that its line names below the nested key', () => {
    const captured = capture()
    withTenant(acme, () => pino({ nestedKey: 'data' }, lines()).info({ 'tenant.id': 'other' }, 'x'))
    const { 'tenant.id': mine, ...more } = captured.record().attributes
    expect([mine, more['data']]).toEqual(['other', { 'tenant.id': 'other' }])
    expect(Object.keys(more).filter((key) => key.startsWith('tenant.'))).toEqual([])
  })

  it('of an unsampled trace still carries its trace and its tenant', () => {
    const captured = capture()
    const out = lines()
    const unsampled = new TracerProvider({ sampler: new AlwaysOffSampler() })
    const spanContext = inSpan((active) => {
      withTenant(acme, () => createLogger({}, out).info('x'))
      return active
    }, unsampled)
    expect(spanContext.traceFlags).toBe(0)
    expect(captured.record()).toMatchObject({
      spanContext: { traceId: spanContext.traceId, traceFlags: 0 },
      attributes: acme,
    })
    expect(out.line()).toMatchObject({ trace_id: spanContext.traceId, trace_flags: '00' })
  })

  it('outside any span is delivered without one', () => {
    const captured = capture()
    createLogger({}, lines()).info('x')
    expect(captured.record().spanContext).toBeUndefined()
  })

  it('takes a trace that the line names where no span is active', () => {
    const captured = capture()
    const log = pino({}, lines())
    log.info({ trace_id: otherTrace, span_id: otherSpan, trace_flags: '01' }, 'named')
    log.info({ trace_id: 'no-trace', span_id: otherSpan }, 'invalid')
    inSpan(() => log.info({ trace_id: otherTrace, span_id: otherSpan, trace_flags: '01' }, 'both'))
    const [named, invalid, both] = captured.records()
    expect(named?.spanContext).toEqual({ traceId: otherTrace, spanId: otherSpan, traceFlags: 1 })
    expect(named?.attributes).toEqual({})
    expect(invalid?.spanContext).toBeUndefined()
    expect(invalid?.attributes).toEqual({ 'field.trace_id': 'no-trace', 'field.span_id': otherSpan })
    expect(both?.spanContext?.traceId).not.toBe(otherTrace)
    expect(both?.attributes).toEqual({ 'field.trace_id': otherTrace, 'field.span_id': otherSpan })
  })

  it('has the tenant of the moment of the call, however late it is read', () => {
    const captured = capture()
    const log = createLogger({}, lines())
    withAttributes({ 'job.id': 'j' }, () => {
      log.info('before')
      setTenant(acme)
      log.info('after')
    })
    const [before, after] = captured.records()
    expect(before?.attributes).toEqual({ 'job.id': 'j' })
    expect(after?.attributes).toEqual({ 'job.id': 'j', ...acme })
  })

  it('keeps interleaved tenants apart', async () => {
    const captured = capture()
    const log = createLogger({}, lines())
    const work = Array.from({ length: 100 }, (_, index) => {
      const id = `t-${index % 7}`
      return withTenant(tenant({ id }), async () => {
        for (let step = 0; step < 3; step++) {
          await new Promise((resolve) => setImmediate(resolve))
          log.info({ expected: id }, 'step')
        }
      })
    })
    await Promise.all(work)
    const records = captured.records()
    expect(records).toHaveLength(300)
    for (const { attributes } of records) expect(attributes['tenant.id']).toBe(attributes['expected'])
  })

  it('does not look at the context at the time it is made', () => {
    const captured = capture()
    createLogger({}, lines()).info('x')
    const elsewhere: Context = trace.setSpanContext(context.active(), {
      traceId: otherTrace,
      spanId: otherSpan,
      traceFlags: 1,
    })
    expect(context.with(elsewhere, () => withTenant(acme, () => captured.record())).attributes).toEqual({})
  })
})
