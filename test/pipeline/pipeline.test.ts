import { AsyncLocalStorage } from 'node:async_hooks'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { isTracingSuppressed } from '@opentelemetry/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Backend, Outcome } from '../../src/backends/backend.ts'
import { diagnostics } from '../../src/diagnostics.ts'
import { brokenPending, pendingOf, spanOf, textsOf } from '../support/telemetry-items.ts'
import { heard, named, pipelineTo, scripted, type Step } from './support.ts'

const failing = { kind: 'retry', reason: 'http_503', message: 'overloaded' } as const
const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => String(from + index))

/** An object of which one property must not be read. */
function trap(property: string): object {
  return Object.defineProperty({}, property, {
    get: () => {
      throw new Error(`do not read ${property}`)
    },
  })
}

describe('what is pushed', () => {
  it('reaches every backend in order, after the push', async () => {
    const [a, b] = [scripted(), scripted()]
    const pipeline = pipelineTo([named('a', a), named('b', b)])
    for (const name of numbers(25)) pipeline.pushSpan(spanOf(name))
    expect([a.attempts, b.attempts]).toEqual([[], []])
    expect(pipeline.status()['a']).toEqual({
      type: 'custom',
      state: 'idle',
      traces: { accepted: 25, delivered: 0, queued: 25, dropped: {} },
      logs: { accepted: 0, delivered: 0, queued: 0, dropped: {} },
    })
    expect([pipeline.accepted(), pipeline.queued()]).toEqual([25, 25])
    expect(await pipeline.flush(5_000)).toBe(true)
    for (const backend of [a, b]) expect(backend.attempts).toEqual([numbers(10), numbers(10, 10), numbers(5, 20)])
    expect(pipeline.status()['b']?.traces).toEqual({ accepted: 25, delivered: 25, queued: 0, dropped: {} })
    expect(pipeline.queued()).toBe(0)
  })

  it('goes only to the lanes of its signal and level, and never as an empty batch', async () => {
    const [all, traces, logs, warn, fatal, own] = [
      scripted(),
      scripted(),
      scripted(),
      scripted(),
      scripted(),
      scripted(),
    ]
    const pipeline = pipelineTo([
      named('all', all),
      named('traces', traces, { signals: ['traces'] }),
      named('logs', logs, { signals: ['logs'] }),
      named('warn', warn, { minLevel: 'warn' }),
      named('fatal', fatal, { minLevel: 'fatal', signals: ['logs'] }),
      named('own', { ...own, signals: ['logs'] }),
    ])
    pipeline.pushSpan(spanOf('span'))
    pipeline.pushLog(pendingOf('info', 9))
    pipeline.pushLog(pendingOf('warn', 13))
    expect(pipeline.status()['warn']?.logs).toMatchObject({ accepted: 1, queued: 1 })
    expect(pipeline.status()['fatal']?.logs).toMatchObject({ accepted: 0, queued: 0 })
    await pipeline.flush(5_000)
    expect([all, traces, logs, warn, fatal, own].map(({ attempts }) => attempts)).toEqual([
      [['span'], ['info', 'warn']],
      [['span']],
      [['info', 'warn']],
      [['span'], ['warn']],
      [],
      [['info', 'warn']],
    ])
    expect(Object.keys(pipeline.status()['own'] ?? {})).toEqual(['type', 'state', 'logs'])
  })

  it.each([
    ['trace', ['1', '5', '9', '13', '17', '21', 'none']],
    ['debug', ['5', '9', '13', '17', '21', 'none']],
    ['info', ['9', '13', '17', '21', 'none']],
    ['warn', ['13', '17', '21', 'none']],
    ['error', ['17', '21', 'none']],
    ['fatal', ['21', 'none']],
  ] as const)('from the level %s on', async (minLevel, bodies) => {
    const backend = scripted()
    const pipeline = pipelineTo([named('x', backend, { minLevel })])
    for (const severity of [1, 5, 9, 13, 17, 21]) pipeline.pushLog(pendingOf(String(severity), severity))
    pipeline.pushLog(pendingOf('none'))
    await pipeline.flush(5_000)
    expect(backend.delivered).toEqual(bodies)
  })

  it('is ignored where nobody takes it', async () => {
    const pipeline = pipelineTo([named('logs', scripted(), { signals: ['logs'] })])
    pipeline.pushSpan(spanOf('a'))
    expect([pipeline.accepted(), pipeline.queued()]).toEqual([0, 0])
    const none = pipelineTo([])
    none.pushLog(pendingOf('a'))
    expect([await none.flush(0), none.status(), none.queued()]).toEqual([true, {}, 0])
  })

  it('is delivered by itself at the age of its batch', async () => {
    const backend = scripted()
    const limits = { maxItems: 10, maxBytes: 1_000, maxAgeMs: 5 }
    pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } }).pushSpan(spanOf('a'))
    const alive = setTimeout(() => {}, 5_000)
    await backend.attempted(1)
    clearTimeout(alive)
    expect(backend.delivered).toEqual(['a'])
  })

  it('is made into records once for all lanes; one that cannot be made is counted at each', async () => {
    heard()
    const [a, b, c] = [scripted([failing]), scripted(), scripted()]
    const pipeline = pipelineTo([named('a', a), named('b', b), named('c', c, { minLevel: 'fatal' })])
    const good = pendingOf('good', 9)
    for (const entry of [brokenPending(9), good, brokenPending(21)]) pipeline.pushLog(entry)
    expect(await pipeline.flush(5_000)).toBe(false)
    expect([good.made, diagnostics.counters()['log_records_unreadable']]).toEqual([1, 2])
    const status = pipeline.status()
    expect([status['a']?.logs, status['b']?.logs]).toEqual([
      { accepted: 3, delivered: 1, queued: 0, dropped: { unreadable: 2 } },
      { accepted: 3, delivered: 1, queued: 0, dropped: { unreadable: 2 } },
    ])
    expect([status['c']?.logs, c.attempts]).toEqual([
      { accepted: 1, delivered: 0, queued: 0, dropped: { unreadable: 1 } },
      [],
    ])
  })

  it('is counted and ignored after the close', async () => {
    diagnostics.reset()
    const backend = scripted()
    const pipeline = pipelineTo([named('x', backend)])
    await pipeline.close(1_000)
    pipeline.pushSpan(spanOf('late'))
    pipeline.pushLog(pendingOf('late'))
    expect(await pipeline.flush(1_000)).toBe(true)
    expect([backend.attempts, diagnostics.counters()]).toEqual([[], { after_stop: 2 }])
    expect(pipeline.status()['x']).toMatchObject({ state: 'closed', traces: { accepted: 0 } })
  })
})

describe('an attempt', () => {
  it('is not traced, and is of no request', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    onTestFinished(() => context.disable())
    const request = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const backend: Backend = {
      deliver: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        seen.push([isTracingSuppressed(context.active()), request.getStore()])
        return { kind: 'delivered' }
      },
    }
    const pipeline = pipelineTo([named('x', backend)])
    request.run('a request', () => numbers(10).forEach((name) => pipeline.pushSpan(spanOf(name))))
    await pipeline.flush(5_000)
    expect(seen).toEqual([[true, undefined]])
  })

  it('that failed is made again with the same batch before the next one', async () => {
    heard()
    const backend = scripted([failing, failing])
    const pipeline = pipelineTo([named('x', backend)])
    for (const name of numbers(20)) pipeline.pushSpan(spanOf(name))
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(backend.attempts).toEqual([numbers(10), numbers(10), numbers(10), numbers(10, 10)])
    expect(pipeline.status()['x']).toMatchObject({
      state: 'idle',
      traces: { delivered: 20, dropped: {} },
      lastProblem: { reason: 'http_503', message: 'overloaded' },
    })
  })

  it('never overlaps with another one', async () => {
    let [running, most] = [0, 0]
    const backend: Backend = {
      deliver: async () => {
        most = Math.max(most, (running += 1))
        await new Promise((resolve) => setTimeout(resolve, 2))
        running -= 1
        return { kind: 'delivered' }
      },
    }
    const pipeline = pipelineTo([named('x', backend)])
    for (const name of numbers(50)) pipeline.pushSpan(spanOf(name))
    for (const name of numbers(50)) pipeline.pushLog(pendingOf(name))
    await pipeline.flush(5_000)
    expect(most).toBe(1)
  })

  it.each([
    [
      { kind: 'rejected', reason: 'http_400' },
      { delivered: 0, dropped: { http_400: 4 } },
    ],
    [
      { kind: 'rejected', reason: 'Too Old!', count: 3 },
      { delivered: 1, dropped: { too_old: 3 } },
    ],
    [
      { kind: 'rejected', reason: 'partial', count: 0 },
      { delivered: 4, dropped: {} },
    ],
    [
      { kind: 'rejected', reason: 'partial', count: 99 },
      { delivered: 0, dropped: { partial: 4 } },
    ],
  ] satisfies [Outcome, unknown][])('rejected with %j is counted', async (outcome, expected) => {
    heard()
    const pipeline = pipelineTo([named('x', scripted([outcome]))])
    for (const name of numbers(4)) pipeline.pushSpan(spanOf(name))
    await pipeline.flush(5_000)
    expect(pipeline.status()['x']?.traces).toEqual({ accepted: 4, queued: 0, ...expected })
  })

  const noOutcome = 'the backend answered something that is no outcome'
  const rubbish: readonly { readonly what: string; readonly step: () => Step; readonly message: string }[] = [
    { what: 'throws', step: () => 'throws', message: 'thrown by the backend' },
    { what: 'rejects', step: () => 'rejects', message: 'rejected by the backend' },
    { what: 'answers nothing', step: () => ({ answer: undefined }), message: noOutcome },
    { what: 'answers a text', step: () => ({ answer: 'delivered' }), message: noOutcome },
    { what: 'answers another kind', step: () => ({ answer: { kind: 'fine' } }), message: noOutcome },
    { what: 'gives no reason', step: () => ({ answer: { kind: 'retry' } }), message: noOutcome },
    {
      what: 'counts below 0',
      step: () => ({ answer: { kind: 'rejected', reason: 'x', count: -1 } }),
      message: noOutcome,
    },
    {
      what: 'counts in text',
      step: () => ({ answer: { kind: 'rejected', reason: 'x', count: '1' } }),
      message: noOutcome,
    },
    { what: 'answers a trap', step: () => ({ answer: trap('kind') }), message: 'do not read kind' },
    { what: 'answers a promise that is a trap', step: () => ({ answer: trap('then') }), message: 'do not read then' },
  ]

  it.each(rubbish)('that $what is tried five times, and then its batch is dropped', async ({ step: make, message }) => {
    const step = make()
    heard()
    const backend = scripted([step, step, step, step, step])
    const pipeline = pipelineTo([named('x', backend)])
    for (const name of numbers(20)) pipeline.pushSpan(spanOf(name))
    expect(await pipeline.flush(5_000)).toBe(false)
    expect(backend.attempts).toHaveLength(6)
    expect(backend.delivered).toEqual(numbers(10, 10))
    expect(pipeline.status()['x']).toMatchObject({
      traces: { accepted: 20, delivered: 10, queued: 0, dropped: { backend_error: 10 } },
      lastProblem: { reason: 'backend_error', message },
    })
  })

  it('without an end is given up after its time, and what it answers then is ignored', async () => {
    heard()
    const signals: AbortSignal[] = []
    let answerLate: ((error: Error) => void) | undefined
    const texts: string[][] = []
    const backend: Backend = {
      deliver: (batch, signal) => {
        signals.push(signal)
        texts.push(textsOf(batch))
        if (signals.length > 1) return Promise.resolve({ kind: 'delivered' })
        return new Promise((_, reject) => (answerLate = reject))
      },
    }
    const pipeline = pipelineTo([named('x', backend, { timeoutMs: 20 })])
    pipeline.pushSpan(spanOf('a'))
    expect(await pipeline.flush(5_000)).toBe(true)
    answerLate?.(new Error('too late'))
    expect(texts).toEqual([['a'], ['a']])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    expect(pipeline.status()['x']).toMatchObject({
      traces: { accepted: 1, delivered: 1, queued: 0, dropped: {} },
      lastProblem: { reason: 'timeout', message: 'no answer within 20 ms' },
    })
  })
})

describe('the queue of a lane', () => {
  it('drops the oldest when it is full, counts them, and says so once', async () => {
    const said = heard()
    const backend = scripted(['hangs'])
    const pipeline = pipelineTo([named('x', backend, { timeoutMs: 50 })], {
      queue: { maxItems: 30, maxBytes: 1_000_000 },
    })
    for (const name of numbers(10)) pipeline.pushSpan(spanOf(name))
    await backend.attempted(1)
    for (const name of numbers(50, 10)) pipeline.pushSpan(spanOf(name))
    expect(pipeline.status()['x']?.traces).toEqual({
      accepted: 60,
      delivered: 0,
      queued: 40,
      dropped: { queue_full: 20 },
    })
    // The batch under way comes back, and does not fit any more: not everything was delivered.
    expect(await pipeline.flush(5_000)).toBe(false)
    expect(said.filter((line) => line.includes('the queue of backend "x" is full'))).toHaveLength(1)
    expect(backend.delivered).toEqual(numbers(30, 30))
    expect(pipeline.status()['x']?.traces).toEqual({
      accepted: 60,
      delivered: 30,
      queued: 0,
      dropped: { queue_full: 30 },
    })
  })

  it('is bounded in bytes too', async () => {
    const backend = scripted()
    const pipeline = pipelineTo([named('x', backend)], { queue: { maxItems: 1_000, maxBytes: 25_000 } })
    for (const name of numbers(50)) pipeline.pushSpan(spanOf(name, { text: 'x'.repeat(660) }))
    await pipeline.flush(5_000)
    expect(backend.delivered).toEqual(numbers(20, 30))
  })
})

describe('flush', () => {
  it('answers false at its deadline and leaves the rest queued', async () => {
    const pipeline = pipelineTo([named('stuck', scripted(['hangs'])), named('fine', scripted())])
    pipeline.pushSpan(spanOf('a'))
    expect(await pipeline.flush(30)).toBe(false)
    expect(pipeline.status()).toMatchObject({
      stuck: { state: 'sending', traces: { accepted: 1, queued: 1 } },
      fine: { state: 'idle', traces: { delivered: 1, queued: 0 } },
    })
    expect([pipeline.queued(), await pipeline.flush(Number.NaN)]).toEqual([1, false])
  })

  it('tries at once what waits for its retry', async () => {
    heard()
    const backend = scripted([{ kind: 'retry', reason: 'http_429', afterMs: 3_600_000 }])
    const pipeline = pipelineTo([named('x', backend)])
    pipeline.pushSpan(spanOf('a'))
    expect(await pipeline.flush(30)).toBe(false)
    expect(pipeline.status()['x']?.state).toBe('waiting')
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(backend.attempts).toEqual([['a'], ['a']])
  })

  it('tries again what came to nothing after it was asked for, but had begun before', async () => {
    heard()
    let answer: (outcome: Outcome) => void = () => {}
    const backend = scripted([{ answer: new Promise<Outcome>((resolve) => (answer = resolve)) }])
    const pipeline = pipelineTo([named('x', backend)])
    pipeline.pushSpan(spanOf('a'))
    const flushed = pipeline.flush(5_000)
    await backend.attempted(1)
    const again = pipeline.flush(5_000)
    answer({ kind: 'retry', reason: 'http_429', afterMs: 3_600_000 })
    expect([await flushed, await again, backend.attempts]).toEqual([true, true, [['a'], ['a']]])
  })

  it('does not wait for what comes after it', async () => {
    const backend = scripted()
    const pipeline = pipelineTo([named('x', backend)])
    pipeline.pushSpan(spanOf('before'))
    const flushed = pipeline.flush(5_000)
    const busy = setInterval(() => numbers(10).forEach((name) => pipeline.pushSpan(spanOf(name))), 0)
    expect(await flushed).toBe(true)
    clearInterval(busy)
    expect(backend.delivered[0]).toBe('before')
  })

  it('lets a backend hand over what it holds back, whatever comes of that', async () => {
    const said = heard()
    const flushed: number[] = []
    const holding: Backend = { ...scripted(), flush: async () => void flushed.push(1) }
    const broken: Backend = { ...scripted(), flush: () => Promise.reject(new Error('disk full')) }
    const pipeline = pipelineTo([named('holding', holding), named('broken', broken)])
    pipeline.pushSpan(spanOf('a'))
    expect(await pipeline.flush(5_000)).toBe(true)
    expect([flushed, said]).toEqual([[1], ['backend "broken" did not flush: disk full']])
  })
})

describe('close', () => {
  it('delivers what it can within one deadline, and counts the rest', async () => {
    heard()
    const [fine, stuck, down] = [scripted(), scripted(['hangs']), scripted(Array.from({ length: 50 }, () => failing))]
    const closed: string[] = []
    const closing = (name: string, backend: Backend): Backend => ({
      ...backend,
      close: async () => void closed.push(name),
    })
    const pipeline = pipelineTo(
      [
        named('fine', closing('fine', fine)),
        named('stuck', closing('stuck', stuck)),
        named('down', closing('down', down)),
      ],
      { random: () => 0.5 },
    )
    for (const name of numbers(15)) pipeline.pushSpan(spanOf(name))
    const startedAt = performance.now()
    await Promise.all([pipeline.close(200), pipeline.close(200)])
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(fine.delivered).toEqual(numbers(15))
    expect(closed.sort()).toEqual(['down', 'fine', 'stuck'])
    expect(pipeline.status()).toMatchObject({
      fine: { state: 'closed', traces: { accepted: 15, delivered: 15, queued: 0, dropped: {} } },
      stuck: { state: 'closed', traces: { accepted: 15, delivered: 0, queued: 0, dropped: { shutdown: 15 } } },
      down: { state: 'closed', traces: { accepted: 15, delivered: 0, queued: 0, dropped: { shutdown: 15 } } },
    })
  })

  it('aborts what is under way', async () => {
    let signal: AbortSignal | undefined
    const backend: Backend = { deliver: (_, given) => ((signal = given), new Promise(() => {})) }
    const pipeline = pipelineTo([named('x', backend)])
    pipeline.pushSpan(spanOf('a'))
    await pipeline.close(50)
    expect(signal?.aborted).toBe(true)
  })

  it('does not wait for a backend that does not close', async () => {
    const said = heard()
    const hanging: Backend = { ...scripted(), close: () => new Promise(() => {}) }
    const throwing: Backend = {
      ...scripted(),
      close: () => {
        throw new Error('no')
      },
    }
    const pipeline = pipelineTo([named('hanging', hanging), named('throwing', throwing)])
    await pipeline.close(0)
    expect(said.sort()).toEqual([
      'backend "hanging" did not close: not done within 500 ms',
      'backend "throwing" did not close: no',
    ])
    expect(diagnostics.counters()['backend_errors']).toBe(2)
  })
})

describe('the end of a process', () => {
  it('hurry delivers what follows as soon as it is there', async () => {
    const backend = scripted()
    const pipeline = pipelineTo([named('x', backend)])
    pipeline.pushSpan(spanOf('before'))
    pipeline.hurry(1_000)
    await backend.attempted(1)
    pipeline.pushSpan(spanOf('after'))
    pipeline.pushSpan(spanOf('with it'))
    await backend.attempted(2)
    expect(backend.attempts).toEqual([['before'], ['after', 'with it']])
  })

  it('rest gives up attempts and waits, and keeps the data until the next push or flush', async () => {
    heard()
    const stuck = scripted(['hangs'])
    const waiting = scripted([{ ...failing, afterMs: 3_600_000 }])
    const pipeline = pipelineTo([named('stuck', stuck), named('waiting', waiting)])
    pipeline.pushSpan(spanOf('a'))
    expect(await pipeline.flush(20)).toBe(false)
    pipeline.rest()
    await new Promise((resolve) => setImmediate(resolve))
    expect(pipeline.status()).toMatchObject({
      stuck: { state: 'idle', traces: { queued: 1 } },
      waiting: { state: 'idle', traces: { queued: 1 } },
    })
    expect(await pipeline.flush(5_000)).toBe(true)
    expect([stuck.attempts, waiting.attempts]).toEqual([
      [['a'], ['a']],
      [['a'], ['a']],
    ])
  })
})
