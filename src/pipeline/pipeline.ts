import { AsyncLocalStorage } from 'node:async_hooks'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { type Backend, type Signal, signals as allSignals } from '../backends/backend.ts'
import type { BatchLimits, LevelName } from '../config/types.ts'
import { diagnostics } from '../diagnostics.ts'
import { pendingLogBatch, type SelectableTraceBatch, traceBatch } from './batch.ts'
import { Batcher } from './batcher.ts'
import { createLane } from './create-lane.ts'
import type { Lane } from './lane.ts'
import type { BackendStatus } from './ledger.ts'
import { LossReporter } from './loss-reporter.ts'
import type { PendingLogRecord } from './pending-log-record.ts'
import type { SpoolOptions } from './lane-options.ts'
import type { QueueLimits } from './queue.ts'
import { type RedactionOptions, Redactor } from './redaction/redactor.ts'
import { openItems, Router } from './router.ts'
import { selectionOf } from './selection.ts'
import { estimateSpanBytes } from './span-size.ts'
import { forgetOld } from './spool/forget.ts'
import { timerMs, within } from './within.ts'

export type { BackendStatus, LaneProblem, SignalStatus } from './ledger.ts'

/** A backend and what it is to get. */
export interface PipelineBackend {
  readonly name: string
  readonly type: string
  readonly backend: Backend
  readonly signals: readonly Signal[]
  /** True where it is to get metrics, if it takes them. */
  readonly takesMetrics: boolean
  readonly minLevel: LevelName | undefined
  /** The share of traces that it gets, with their log records, from 0 to 1. */
  readonly sample: number
  readonly timeoutMs: number
}

export interface PipelineOptions {
  readonly backends: readonly PipelineBackend[]
  readonly batch: Readonly<Record<Signal, BatchLimits>>
  readonly queue: QueueLimits
  /** Where what waits is kept on disk. Default: nowhere. */
  readonly spool?: SpoolOptions | undefined
  /** Which secrets are censored before any backend has them. Default: none. */
  readonly redaction?: RedactionOptions | undefined
  /** Whose losses are reported to the backends that work. Default: they are not. */
  readonly resource?: Resource | undefined
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
  /** A number from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number
}

/** Everything between an ended span, or a written log record, and the backends. Nothing here throws. */
export interface Pipeline {
  pushSpan(span: ReadableSpan): void
  pushLog(entry: PendingLogRecord): void
  /** True where a backend wants spans that are still open. */
  readonly takesPending: boolean
  /** Hands spans that are still open to the backends that want them. */
  pushPending(spans: readonly ReadableSpan[]): void
  /**
   * Delivers what was pushed so far; true when every backend has it before `timeoutMs` is over, false also when
   * one of them lost something meanwhile.
   *
   * What waits for a retry is tried at once.
   */
  flush(timeoutMs: number): Promise<boolean>
  /** For so many milliseconds everything pushed is delivered as soon as it is there. */
  hurry(forMs: number): void
  /** Gives up the attempts under way, keeping their data, until the next push or flush. */
  rest(): void
  /**
   * Delivers what it can before `timeoutMs` is over, all backends in parallel, and closes them.
   *
   * What is left is dropped and counted as `shutdown`; what is pushed afterwards is ignored, and counted in
   * `diagnostics` as `after_stop`.
   */
  close(timeoutMs: number): Promise<void>
  /** Hands over what it can without waiting; for the last moment of a process. */
  deliverAtExit(): void
  status(): Record<string, BackendStatus>
  /** Items pushed so far. */
  accepted(): number
  /** Items that some backend still has to get: as many as the backend that waits for the most. */
  queued(): number
}

/** Builds the way from the processors to the backends: a batcher per signal, a router, a lane per backend. */
export function createPipeline({
  backends,
  batch,
  queue,
  spool,
  redaction,
  resource,
  now = Date.now,
  random = Math.random,
}: PipelineOptions): Pipeline {
  // A delivery belongs to no request: it would carry that request's context into sockets that live for hours.
  const outside = AsyncLocalStorage.snapshot()
  const schedule = (run: () => void): void => void setImmediate(outside, run)
  const router = new Router(
    backends.map(({ name, type, backend, signals, timeoutMs, minLevel, sample }) => {
      const taken = signalsOf(backend, signals)
      const lane = { name, type, backend, signals: taken, timeoutMs, queue, spool, now, random, schedule }
      return {
        lane: createLane(lane),
        selection: selectionOf(minLevel, sample),
        wantsPending: backend.pendingSpans === true,
      }
    }),
  )
  if (spool !== undefined) void forgetOld(spool.dir, now())
  const lanes = router.routes.map(({ lane }) => lane)
  const redactor = redaction && new Redactor(redaction)
  const losses = resource && new LossReporter(router.routes, resource, now)
  const redacted = (items: readonly ReadableSpan[], bytes: number): SelectableTraceBatch => {
    if (redactor !== undefined) for (const span of items) redactor.span(span)
    return traceBatch(items, bytes)
  }
  const spans = new Batcher<ReadableSpan>(batch.traces, (items, bytes) => {
    router.routeTraces(redacted(items, bytes))
    losses?.look()
  })
  const logs = new Batcher<PendingLogRecord>(batch.logs, (items, bytes) => {
    router.routeLogs(pendingLogBatch(items, bytes, redactor))
    losses?.look()
  })
  const takesSpans = router.takes('traces')
  const takesLogs = router.takes('logs')
  let accepted = 0
  let closing: Promise<void> | undefined

  const flush = async (timeoutMs: number): Promise<boolean> => {
    spans.close()
    logs.close()
    const lostOf = (): number => lanes.reduce((sum, { lost }) => sum + lost, 0)
    const lost = lostOf()
    return (
      (await within(timeoutMs, (giveUp) => Promise.all(lanes.map((lane) => lane.flush(giveUp))))) && lostOf() === lost
    )
  }
  const close = async (wantedMs: number): Promise<void> => {
    const timeoutMs = timerMs(wantedMs)
    const deadline = performance.now() + timeoutMs
    spans.close()
    logs.close()
    losses?.look()
    const closeLane = async (lane: Lane): Promise<void> => {
      lane.hurry()
      await within(timeoutMs, (giveUp) => lane.settled(giveUp))
      await lane.close(deadline - performance.now())
    }
    await Promise.all(lanes.map(closeLane))
  }
  return {
    pushSpan: (span) => {
      if (closing !== undefined) return diagnostics.count('after_stop')
      if (!takesSpans) return
      try {
        accepted += 1
        spans.push(span, estimateSpanBytes(span))
      } catch {
        diagnostics.count('pipeline_errors')
      }
    },
    pushLog: (entry) => {
      if (closing !== undefined) return diagnostics.count('after_stop')
      if (!takesLogs) return
      try {
        accepted += 1
        logs.push(entry, entry.estimatedBytes)
      } catch {
        diagnostics.count('pipeline_errors')
      }
    },
    takesPending: router.takesPending,
    pushPending: (pending) => {
      if (closing !== undefined) return diagnostics.count('after_stop')
      try {
        router.routePending(
          redacted(
            pending,
            pending.reduce((sum, span) => sum + estimateSpanBytes(span), 0),
          ),
        )
      } catch {
        diagnostics.count('pipeline_errors')
      }
    },
    flush,
    hurry: (forMs) => {
      spans.hurry(forMs)
      logs.hurry(forMs)
      for (const lane of lanes) lane.hurry()
    },
    rest: () => {
      for (const lane of lanes) lane.rest()
    },
    deliverAtExit: () => {
      spans.close()
      logs.close()
      for (const lane of lanes) lane.deliverAtExit()
    },
    close: (timeoutMs) => (closing ??= close(timeoutMs)),
    status: () =>
      Object.fromEntries(
        router.routes.map((route) => [route.lane.name, route.lane.status(openItems(route, spans.open, logs.open))]),
      ),
    accepted: () => accepted,
    queued: () =>
      router.routes.reduce((most, route) => {
        const open = openItems(route, spans.open, logs.open)
        return Math.max(most, route.lane.queued + open.traces + open.logs)
      }, 0),
  }
}

function signalsOf(backend: Backend, wanted: readonly Signal[]): readonly Signal[] {
  const taken = backend.signals ?? allSignals
  return wanted.filter((signal) => taken.includes(signal))
}
