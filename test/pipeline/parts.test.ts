import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { backoffMs } from '../../src/pipeline/backoff.ts'
import { pendingLogBatch, traceBatch } from '../../src/pipeline/batch.ts'
import { Batcher } from '../../src/pipeline/batcher.ts'
import { BoundedQueue, type Sized } from '../../src/pipeline/queue.ts'
import { isTraceSelected, type Selection } from '../../src/pipeline/selection.ts'
import { estimateSpanBytes } from '../../src/pipeline/span-size.ts'
import { counterName, shownMessage } from '../../src/pipeline/text.ts'
import { brokenPending, pendingOf, spanOf } from '../support/telemetry-items.ts'

describe('backoffMs', () => {
  it('doubles from 500 ms to 30 s, anywhere below', () => {
    expect([1, 2, 3, 7, 8, 1_000].map((failures) => backoffMs(failures, () => 1))).toEqual([
      500, 1_000, 2_000, 30_000, 30_000, 30_000,
    ])
    expect(backoffMs(4, () => 0.25)).toBe(1_000)
    expect(backoffMs(4, () => 0)).toBe(0)
  })

  it('never comes sooner than it was told to, up to a day', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, noNaN: true }),
        (failures, random, afterMs) => {
          const wait = backoffMs(failures, () => random, afterMs)
          expect(wait).toBeGreaterThanOrEqual(Math.min(afterMs, 86_400_000))
          expect(wait).toBeLessThanOrEqual(Math.max(30_000, Math.min(afterMs, 86_400_000)))
        },
      ),
    )
  })
})

describe('BoundedQueue', () => {
  const sized = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    estimatedBytes: fc.integer({ min: 0, max: 4_000 }),
  })
  const step = fc.oneof(
    fc.record({ push: sized }),
    fc.constant('shift' as const),
    fc.record({ putBack: sized }),
    fc.constant('clear' as const),
  )

  it('keeps order and bounds, and loses nothing silently', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 10_000 }),
        (steps, maxItems, maxBytes) => {
          const queue = new BoundedQueue<Sized>({ maxItems, maxBytes })
          let model: Sized[] = []
          for (const each of steps) {
            if (each === 'shift') expect(queue.shift()).toBe(model.shift())
            else if (each === 'clear') {
              expect(queue.clear()).toEqual(model)
              model = []
            } else {
              const evicted = 'push' in each ? queue.push(each.push) : queue.putBack(each.putBack)
              model = 'push' in each ? [...model, each.push] : [each.putBack, ...model]
              expect(evicted).toEqual(model.slice(0, evicted.length))
              model = model.slice(evicted.length)
            }
            expect(queue.entries).toEqual(model)
            expect(queue.items).toBe(model.reduce((sum, { count }) => sum + count, 0))
            expect(queue.bytes).toBe(model.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0))
            expect(model.length <= 1 || (queue.items <= maxItems && queue.bytes <= maxBytes)).toBe(true)
          }
        },
      ),
    )
  })

  it('holds a batch alone that is larger than its bounds', () => {
    const queue = new BoundedQueue<Sized>({ maxItems: 10, maxBytes: 100 })
    expect(queue.push({ count: 2, estimatedBytes: 1 })).toEqual([])
    expect(queue.push({ count: 11, estimatedBytes: 1 })).toEqual([{ count: 2, estimatedBytes: 1 }])
    expect(queue.items).toBe(11)
  })
})

describe('Batcher', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const batcherOf = (
    limits: Partial<{ maxItems: number; maxBytes: number; maxAgeMs: number }>,
  ): { batcher: Batcher<number>; out: unknown[] } => {
    const out: unknown[] = []
    const batcher = new Batcher<number>({ maxItems: 3, maxBytes: 1_000, maxAgeMs: 50, ...limits }, (items, bytes) =>
      out.push([items, bytes]),
    )
    return { batcher, out }
  }

  it('closes at its count, its bytes, or its age', () => {
    const { batcher, out } = batcherOf({})
    for (const item of [1, 2, 3]) batcher.push(item, 10)
    batcher.push(4, 1_000)
    batcher.push(5, 1)
    vi.advanceTimersByTime(49)
    batcher.push(6, 2)
    expect(batcher.open).toEqual([5, 6])
    vi.advanceTimersByTime(1)
    expect(out).toEqual([
      [[1, 2, 3], 30],
      [[4], 1_000],
      [[5, 6], 3],
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives a new batch its whole age', () => {
    const { batcher, out } = batcherOf({})
    batcher.push(1, 1)
    vi.advanceTimersByTime(30)
    batcher.close()
    batcher.push(2, 1)
    vi.advanceTimersByTime(30)
    expect(out).toEqual([[[1], 1]])
    vi.advanceTimersByTime(20)
    expect(out).toHaveLength(2)
  })

  it('closes in the next turn once it is in a hurry', () => {
    const { batcher, out } = batcherOf({ maxAgeMs: 100_000 })
    batcher.push(1, 1)
    batcher.hurry(1_000)
    batcher.push(2, 1)
    batcher.push(3, 1)
    vi.advanceTimersByTime(0)
    expect(out).toEqual([
      [[1], 1],
      [[2, 3], 2],
    ])
    batcher.close()
    expect(out).toHaveLength(2)
  })

  it('takes its time again when the hurry is over', () => {
    const { batcher, out } = batcherOf({ maxAgeMs: 100 })
    batcher.hurry(1_000)
    vi.advanceTimersByTime(1_001)
    batcher.push(1, 1)
    vi.advanceTimersByTime(99)
    expect(out).toEqual([])
    vi.advanceTimersByTime(1)
    expect(out).toEqual([[[1], 1]])
  })

  it('hands on everything once and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_200 })), fc.integer({ min: 1, max: 10 }), (sizes, maxItems) => {
        const got: number[] = []
        const batcher = new Batcher<number>({ maxItems, maxBytes: 1_000, maxAgeMs: 50 }, (items, bytes) => {
          expect(items.length).toBeLessThanOrEqual(maxItems)
          expect(bytes).toBe(items.reduce((sum, index) => sum + (sizes[index] as number), 0))
          got.push(...items)
        })
        sizes.forEach((size, index) => batcher.push(index, size))
        batcher.close()
        expect(got).toEqual(sizes.map((_, index) => index))
      }),
    )
  })
})

const from = (minSeverity: number): Selection => ({ minSeverity, share: 1 })

describe('a share of traces', () => {
  const traceIds = fc.stringMatching(/^[0-9a-f]{32}$/)

  it('is among those of every larger share', () => {
    fc.assert(
      fc.property(
        traceIds,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (id, one, other) => {
          if (isTraceSelected(id, Math.min(one, other))) expect(isTraceSelected(id, Math.max(one, other))).toBe(true)
          expect([isTraceSelected(id, 0), isTraceSelected(id, 1)]).toEqual([false, true])
        },
      ),
    )
  })
})

describe('a batch', () => {
  it('of spans has them as they are', () => {
    const spans = [spanOf('a'), spanOf('b')]
    expect(traceBatch(spans, 7)).toMatchObject({ signal: 'traces', spans, count: 2, estimatedBytes: 7 })
  })

  it('of log records makes each of them once, when one is first read, for all views', () => {
    const pending = [pendingOf('debug', 5), pendingOf('info', 9), pendingOf('none'), pendingOf('error', 17)]
    const batch = pendingLogBatch(pending, 1_000)
    const warn = batch.select(from(13))
    expect([batch.count, warn?.count, warn?.estimatedBytes]).toEqual([4, 2, 209])
    expect(pending.map(({ made }) => made)).toEqual([0, 0, 0, 0])
    expect(warn?.records.map(({ body }) => body)).toEqual(['none', 'error'])
    expect(pending.map(({ made }) => made)).toEqual([0, 0, 1, 1])
    expect(batch.records.map(({ body }) => body)).toEqual(['debug', 'info', 'none', 'error'])
    expect(batch.records).toBe(batch.records)
    expect(batch.records[2]).toBe(warn?.records[0])
    expect(pending.map(({ made }) => made)).toEqual([1, 1, 1, 1])
    expect(batch.select(from(13))).toBe(warn)
    expect(batch.select(from(1))).toMatchObject({ count: 4 })
    expect(pendingLogBatch([pendingOf('info', 9)], 1).select(from(13))).toBeUndefined()
  })

  it('of spans gives a share of their traces, made once for all who take that share', () => {
    const ids = Array.from(
      { length: 64 },
      (_, index) => `${'0'.repeat(18)}${(index * 4).toString(16).padStart(2, '0')}${'0'.repeat(12)}`,
    )
    const spans = ids.map((traceId, index) => ({
      ...spanOf(String(index)),
      spanContext: () => ({ traceId, spanId: '1'.repeat(16), traceFlags: 1 }),
    }))
    const batch = traceBatch(spans, 6_400)
    const quarter = batch.select({ minSeverity: undefined, share: 0.25 })
    expect(quarter?.spans.map(({ name }) => name)).toEqual(ids.slice(48).map((_, index) => String(48 + index)))
    expect(quarter).toMatchObject({ count: 16, estimatedBytes: 1_600 })
    expect(batch.select({ minSeverity: undefined, share: 0.25 })).toBe(quarter)
    expect(batch.select({ minSeverity: 13, share: 1 })).toBe(batch)
    expect(batch.select({ minSeverity: undefined, share: 0 })).toBeUndefined()
  })

  it('leaves out a record that cannot be made, once for all views', () => {
    diagnostics.reset()
    const batch = pendingLogBatch([brokenPending(17), pendingOf('good', 17), pendingOf('quiet', 5)], 300)
    expect(batch.count).toBe(3)
    expect(batch.records.map(({ body }) => body)).toEqual(['good', 'quiet'])
    expect(batch.select(from(17))?.records.map(({ body }) => body)).toEqual(['good'])
    expect([batch.count, batch.select(from(17))?.count]).toEqual([2, 1])
    expect(diagnostics.counters()).toEqual({ log_records_unreadable: 1 })
  })
})

it('estimates a span by its texts and the number of its entries', () => {
  expect(estimateSpanBytes(spanOf('a'))).toBe(300)
  expect(estimateSpanBytes(spanOf('a', { 'db.statement': 'x'.repeat(1_000), ok: true, list: ['ab', 'c'] }))).toBe(
    300 + 3 * 40 + 1_000 + 19,
  )
})

describe('texts of others', () => {
  it('are shown in one line without control characters, and cut', () => {
    expect(shownMessage(' bad\r\n\u001b[31mtoken\u0000 \u2028here ')).toBe('bad [31mtoken here')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
        const shown = shownMessage(text)
        expect(Array.from(shown).length).toBeLessThanOrEqual(300)
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      }),
    )
  })

  it('name a counter', () => {
    expect(['http_503', 'Too Large!', '', '__proto__'].map(counterName)).toEqual([
      'http_503',
      'too_large',
      'unnamed',
      'proto',
    ])
  })
})
