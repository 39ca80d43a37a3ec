import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { type Option, ValueError } from '../config/option.ts'
import { type Backend, type BackendType, defineBackend } from './backend.ts'

/** A backend that keeps what it is given. */
export interface MemoryBackend extends Backend {
  /** The spans in the order in which they ended; the same array always. */
  readonly spans: readonly ReadableSpan[]
  /** The log records in the order in which they were written; the same array always. */
  readonly logRecords: readonly ReadableLogRecord[]
  /** What was collected, the newest last; cumulative, and no more than the last hundred. The same array always. */
  readonly metrics: readonly ResourceMetrics[]
  /** Items that had to go for newer ones. */
  readonly evicted: number
  /** Forgets everything. */
  clear(): void
}

const defaultMaxItems = 10_000
const maxCollections = 100
const instances = new Map<string, MemoryBackend>()

/**
 * Makes a backend that keeps what it is given, for tests.
 *
 * It holds `maxItems` spans and as many log records (default 10,000 each); past that the oldest go, and are counted.
 */
export function createMemoryBackend(options: { readonly maxItems?: number } = {}): MemoryBackend {
  const maxItems = options.maxItems ?? defaultMaxItems
  const spans: ReadableSpan[] = []
  const logRecords: ReadableLogRecord[] = []
  const metrics: ResourceMetrics[] = []
  let evicted = 0
  const keep = <Item>(kept: Item[], items: readonly Item[]): void => {
    for (const item of items) kept.push(item)
    const excess = Math.max(0, kept.length - maxItems)
    kept.splice(0, excess)
    evicted += excess
  }
  return {
    spans,
    logRecords,
    metrics,
    get evicted() {
      return evicted
    },
    clear: () => {
      spans.length = 0
      logRecords.length = 0
      metrics.length = 0
      evicted = 0
    },
    deliver: async (batch, signal) => {
      if (signal.aborted) return { kind: 'retry', reason: 'aborted' }
      if (batch.signal === 'traces') keep(spans, batch.spans)
      else keep(logRecords, batch.records)
      return { kind: 'delivered' }
    },
    deliverMetrics: async (collected) => {
      metrics.push(collected)
      metrics.splice(0, metrics.length - maxCollections)
      return { kind: 'delivered' }
    },
    check: async () => ({ kind: 'delivered' }),
  }
}

/**
 * What was delivered to the `memory` backend of this name since telemetry was last started with it (default: `memory`).
 *
 * Undefined where no such backend was started. It can still be read after `stop`.
 */
export function memoryOf(name: string = 'memory'): MemoryBackend | undefined {
  return instances.get(name)
}

function parseMaxItems(raw: unknown): number {
  const count = typeof raw === 'string' && /^\s*\d+\s*$/.test(raw) ? Number(raw) : raw
  if (typeof count === 'number' && Number.isSafeInteger(count) && count > 0) return count
  throw new ValueError('is not a whole number above 0', 'Write it as 10000.')
}

type MemoryOptions = { readonly maxItems: Option<number> & { readonly default: number } }

/** Keeps everything in memory, for tests: `TELEMETRY_BACKENDS=memory`, read with `memoryOf` of `signalbox/testing`. */
export const memoryBackend: BackendType<MemoryOptions> = defineBackend({
  type: 'memory',
  summary: 'Keeps everything in memory, for tests.',
  options: {
    maxItems: {
      about: 'Most spans, and most log records, that are kept; past that the oldest go.',
      parse: parseMaxItems,
      default: defaultMaxItems,
      example: '10000',
    },
  },
  connect: ({ maxItems }, { name }) => {
    const backend = createMemoryBackend({ maxItems })
    instances.set(name, backend)
    return backend
  },
})
