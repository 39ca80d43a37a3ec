import { describe, expect, it } from 'vitest'
import { memoryBackend } from '../../src/backends/memory.ts'
import { createMemoryBackend, memoryOf } from '../../src/testing.ts'
import { logsOf, tracesOf } from '../support/telemetry-items.ts'

const never = new AbortController().signal
const context = { timeoutMs: 1_000, compression: 'none', exporter: 'own' } as const

describe('the memory backend', () => {
  it('keeps spans and log records in order until it is cleared', async () => {
    const backend = createMemoryBackend()
    for (const batch of [tracesOf('a', 'b'), logsOf('x'), tracesOf('c')]) await backend.deliver(batch, never)
    expect(backend.spans.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(backend.logRecords.map(({ body }) => body)).toEqual(['x'])
    backend.clear()
    expect([backend.spans, backend.logRecords]).toEqual([[], []])
  })

  it('lets the oldest go past its bound, and counts them', async () => {
    const backend = createMemoryBackend({ maxItems: 3 })
    await backend.deliver(tracesOf('a', 'b'), never)
    await backend.deliver(tracesOf('c', 'd', 'e'), never)
    await backend.deliver(logsOf('1', '2', '3', '4'), never)
    expect(backend.spans.map(({ name }) => name)).toEqual(['c', 'd', 'e'])
    expect(backend.logRecords.map(({ body }) => body)).toEqual(['2', '3', '4'])
    expect(backend.evicted).toBe(3)
  })

  it('is found by the name of its instance, the one connected last', async () => {
    const { maxItems } = memoryBackend.options
    const first = memoryBackend.connect({ maxItems: maxItems.default }, { name: 'memory', ...context })
    const other = memoryBackend.connect({ maxItems: 1 }, { name: 'other', ...context })
    expect(memoryOf()).toBe(first)
    expect(memoryOf('other')).toBe(other)
    const second = memoryBackend.connect({ maxItems: 5 }, { name: 'memory', ...context })
    expect(memoryOf('memory')).toBe(second)
    expect(memoryOf('constructor')).toBeUndefined()
  })

  it.each(['7', ' 7 ', 7])('reads maxItems %j', (raw) => expect(memoryBackend.options.maxItems.parse(raw)).toBe(7))

  it.each(['', '0', '-1', '1.5', 'many', 0, Number.NaN, null, {}, Symbol('s')])('refuses maxItems %o', (raw) => {
    expect(() => memoryBackend.options.maxItems.parse(raw)).toThrow('is not a whole number above 0')
  })
})
