import { SpanKind, trace } from '@opentelemetry/api'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Backend, Batch } from '../../src/backends/backend.ts'
import { type ConsoleBackendOptions, createConsoleBackend } from '../../src/backends/console/create-console-backend.ts'
import { logsOf, noon, page, recorder, remoteParent, type StartedSpan, tracesOf } from './console-support.ts'

const never = new AbortController().signal

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC')
  vi.useFakeTimers({ now: noon, toFake: ['Date', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

function setUp(options: Partial<ConsoleBackendOptions> = {}): {
  readonly stream: ReturnType<typeof page>
  readonly backend: Backend
  give(...batches: Batch[]): Promise<void>
} {
  const stream = page()
  const backend = createConsoleBackend({ stream, format: 'tree', color: false, columns: 80, ...options })
  return {
    stream,
    backend,
    give: async (...batches) => {
      for (const batch of batches) {
        if (batch.count > 0) expect(await backend.deliver(batch, never)).toEqual({ kind: 'delivered' })
      }
    },
  }
}

/** The names and messages drawn, headers as `#trace state`. */
function outline(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/ {2,}(?:\+?[\d.]+ (?:ms|µs|s)|\d+m \d+s).*$/, ''))
    .map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}orders-api {2}/, '#'))
}

describe('waiting for a trace', () => {
  it('waits for the local root, and then for log records that are closed into a later batch', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    const root = sdk.start('GET /', 0)
    sdk.start('query', 1, {}, root.context).end(noon + 2)
    sdk.log(3, 'done', { context: root.context })
    const early = sdk.take()
    root.end(noon + 5)
    await give(early.traces)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(stream.text).toBe('')
    await give(sdk.take().traces)
    await vi.advanceTimersByTimeAsync(100)
    expect(stream.text).toBe('')
    await give(early.logs)
    await vi.advanceTimersByTimeAsync(200)
    expect(outline(stream.text)).toEqual(['#4bf92f35', 'GET /', '└─ query', '   INFO   done'])
    await backend.close?.()
  })

  it('draws as soon as a later log record shows that none of the trace is still to come', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    const root = sdk.start('GET /', 0)
    root.end(noon + 5)
    await give(sdk.take().traces)
    expect(stream.text).toBe('')
    sdk.log(500, 'another request')
    await give(sdk.take().logs)
    expect(outline(stream.text)).toEqual([expect.stringContaining('another request'), '#4bf92f35', 'GET /'])
    await backend.close?.()
  })

  it('draws every local root of a trace as a tree of its own', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    const first = sdk.start('first call', 0, { kind: SpanKind.SERVER }, remoteParent('aaaaaaaaaaaaaaaa'))
    const second = sdk.start('second call', 1, { kind: SpanKind.SERVER }, remoteParent('bbbbbbbbbbbbbbbb'))
    sdk.start('of second', 2, {}, second.context).end(noon + 3)
    sdk.start('of first', 2, {}, first.context).end(noon + 3)
    sdk.log(2, 'in second', { context: second.context })
    first.end(noon + 4)
    const { traces, logs } = sdk.take()
    await give(logs, traces)
    await vi.advanceTimersByTimeAsync(1_200)
    expect(outline(stream.take())).toEqual(['#4bf92f35  from aaaaaaaa', 'first call  server', '└─ of first'])
    second.end(noon + 9)
    await give(sdk.take().traces)
    await vi.advanceTimersByTimeAsync(1_200)
    expect(outline(stream.take())).toEqual([
      '#4bf92f35  from bbbbbbbb',
      'second call  server',
      '│  INFO   in second',
      '└─ of second',
    ])
    await backend.close?.()
  })

  it('draws what comes after its tree with a reference to the trace', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    const root = sdk.start('GET /', 0)
    const late = sdk.start('after the response', 1, {}, root.context)
    root.end(noon + 5)
    await give(sdk.take().traces)
    await vi.advanceTimersByTimeAsync(1_200)
    stream.take()
    sdk.log(6, 'late word', { context: root.context })
    await give(sdk.take().logs)
    expect(stream.take()).toBe('12:00:00.006  INFO   late word  4bf92f35/a0000001\n')
    late.end(noon + 700)
    await give(sdk.take().traces)
    await vi.advanceTimersByTimeAsync(1_200)
    expect(outline(stream.take())).toEqual(['#4bf92f35  continued', 'after the response'])
    await backend.close?.()
  })

  it('draws log records at once whose span will never come', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    const spanContext = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }
    sdk.log(0, 'not sampled', { context: trace.setSpanContext(remoteParent(), { ...spanContext, traceFlags: 0 }) })
    sdk.log(1, 'of another service', { context: remoteParent() })
    await give(sdk.take().logs)
    expect(stream.text).toBe(
      '12:00:00.000  INFO   not sampled  cccccccc/dddddddd\n12:00:00.001  INFO   of another service  4bf92f35/00f067aa\n',
    )
    await backend.close?.()
  })

  it('does not hold log records for long where no spans are delivered', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    sdk.log(0, 'inside', { context: sdk.start('never ends', 0).context })
    await give(sdk.take().logs)
    await vi.advanceTimersByTimeAsync(2_600)
    expect(stream.text).toContain('12:00:00.000  INFO   inside  4bf92f35/')
    await backend.close?.()
  })
})

describe('bounds', () => {
  it('draws an unfinished trace after its age, marked as such', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    const root = sdk.start('long job', 0)
    const step = sdk.start('step', 1, {}, root.context)
    sdk.start('part of step', 2, {}, step.context).end(noon + 3)
    sdk.start('step 0', 0, {}, root.context).end(noon + 1)
    sdk.log(2, 'working', { context: root.context })
    const { traces, logs } = sdk.take()
    await give(traces, logs)
    await vi.advanceTimersByTimeAsync(29_900)
    expect(stream.text).toBe('')
    await vi.advanceTimersByTimeAsync(200)
    expect(outline(stream.take())).toEqual(['#4bf92f35  incomplete', 'step 0', 'INFO   working', 'part of step'])
    step.end(noon + 40_000)
    root.end(noon + 40_001)
    await give(sdk.take().traces)
    await vi.advanceTimersByTimeAsync(1_200)
    expect(outline(stream.take())).toEqual(['#4bf92f35', 'long job', '└─ step'])
    await backend.close?.()
  })

  it('keeps no more traces and no more items of a trace than allowed, and loses none', async () => {
    const { stream, give, backend } = setUp({ maxTraces: 2, maxTraceItems: 3 })
    const sdk = recorder()
    const roots = ['one', 'two', 'three'].map((name) => sdk.start(name, 0))
    for (const [index, root] of roots.entries()) sdk.start(`child ${index}`, 1, {}, root.context).end(noon + 2)
    await give(sdk.take().traces)
    expect(outline(stream.take())).toEqual([`#${roots[0]?.spanContext().traceId.slice(0, 8)}  incomplete`, 'child 0'])
    const second = roots[1]?.context
    for (let index = 0; index < 2; index += 1) sdk.start(`more ${index}`, 1, {}, second).end(noon + 2)
    await give(sdk.take().traces)
    expect(outline(stream.take())).toEqual([expect.stringContaining('incomplete'), 'child 1', 'more 0', 'more 1'])
    await backend.close?.()
    expect(outline(stream.take())).toEqual([expect.stringContaining('incomplete'), 'child 2'])
  })

  it('keeps no more items of all traces than allowed', async () => {
    const { stream, give, backend } = setUp({ maxItems: 4 })
    const sdk = recorder()
    const roots = ['one', 'two'].map((name) => sdk.start(name, 0))
    for (const root of [...roots, ...roots]) sdk.start('child', 1, {}, root.context).end(noon + 2)
    await give(sdk.take().traces)
    expect(outline(stream.take())).toEqual([expect.stringContaining('incomplete'), 'child', 'child'])
    for (const root of roots) sdk.start('later child', 1, {}, root.context).end(noon + 2)
    await give(sdk.take().traces)
    expect(outline(stream.take())).toEqual([expect.stringContaining('incomplete'), 'child', 'child', 'later child'])
    await backend.close?.()
  })

  it('draws every span and log record once, in whatever batches they come', async () => {
    const shape = fc.array(
      fc.record({ parent: fc.nat(), isRemote: fc.boolean(), logs: fc.nat(2), batch: fc.nat(5), logBatch: fc.nat(5) }),
      { minLength: 1, maxLength: 30 },
    )
    const bounds = fc.record({
      maxTraces: fc.integer({ min: 1, max: 5 }),
      maxTraceItems: fc.integer({ min: 1, max: 40 }),
      maxItems: fc.integer({ min: 1, max: 60 }),
    })
    await fc.assert(
      fc.asyncProperty(shape, bounds, async (items, limits) => {
        const { stream, give, backend } = setUp(limits)
        const sdk = recorder()
        const open: StartedSpan[] = []
        for (const [index, { parent, isRemote, logs }] of items.entries()) {
          const above = open[parent % (index + 1)]
          const context = isRemote || above === undefined ? remoteParent() : above.context
          const span = sdk.start(`span-${index}.`, index, {}, parent === index ? undefined : context)
          for (let log = 0; log < logs; log += 1) sdk.log(index, `log-${index}-${log}.`, { context: span.context })
          open.push(span)
        }
        for (const span of open.toReversed()) span.end(noon + 100)
        const spans = sdk.spans.toReversed()
        for (let batch = 0; batch <= 5; batch += 1) {
          await give(tracesOf(spans.filter((_, index) => items[index]?.batch === batch)))
          await give(
            logsOf(sdk.records.filter(({ body }) => items[Number(String(body).split('-')[1])]?.logBatch === batch)),
          )
          await vi.advanceTimersByTimeAsync(batch === 3 ? 31_000 : 700)
        }
        await backend.close?.()
        const drawn = stream.text.match(/(?:span|log)-[\d-]+\./g) ?? []
        const expected = [...spans.map(({ name }) => name), ...sdk.records.map(({ body }) => String(body))]
        expect(drawn.sort()).toEqual(expected.sort())
      }),
      { numRuns: 200 },
    )
  })

  it('draws everything on flush and at close, and leaves no timer and no listener', async () => {
    const listeners = process.listenerCount('exit')
    const { stream, give, backend } = setUp()
    expect(process.listenerCount('exit')).toBe(listeners + 1)
    const sdk = recorder()
    const root = sdk.start('open', 0)
    sdk.start('ended', 1, {}, root.context).end(noon + 2)
    sdk.start('done', 1).end(noon + 2)
    await give(sdk.take().traces)
    await backend.flush?.()
    expect(outline(stream.take()).filter((line) => !line.startsWith('#'))).toEqual(['ended', 'done'])
    expect(vi.getTimerCount()).toBe(0)
    root.end(noon + 3)
    await give(sdk.take().traces)
    await backend.close?.()
    expect(outline(stream.take()).at(-1)).toBe('open')
    expect(vi.getTimerCount()).toBe(0)
    expect(process.listenerCount('exit')).toBe(listeners)
  })

  it('draws spans whose parents form a circle', async () => {
    const { stream, give, backend } = setUp()
    const sdk = recorder()
    const a = sdk.start('a', 0)
    const b = sdk.start('b', 0, {}, a.context)
    a.end(noon + 1)
    b.end(noon + 1)
    const circle = sdk.spans.map((span) =>
      span.name === 'a'
        ? Object.assign(Object.create(span) as typeof span, { parentSpanContext: b.spanContext() })
        : span,
    )
    await give(tracesOf(circle), logsOf([]))
    await backend.flush?.()
    expect(outline(stream.text)).toEqual([
      expect.stringContaining('incomplete'),
      expect.any(String),
      expect.stringContaining('└─ '),
    ])
    await backend.close?.()
  })
})
