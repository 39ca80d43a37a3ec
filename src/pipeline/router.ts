import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Signal } from '../backends/backend.ts'
import type { PendingLogBatch, SelectableTraceBatch } from './batch.ts'
import type { Lane } from './lane.ts'
import type { PendingLogRecord } from './pending-log-record.ts'
import { isSelected, isTraceSelected, type Selection } from './selection.ts'

/** A lane and what it takes. */
export interface Route {
  readonly lane: Lane
  readonly selection: Selection
  /** True where spans are wanted that are still open. */
  readonly wantsPending: boolean
}

/** Hands each batch to the lanes that take its signal, and of it what the lane takes. */
export class Router {
  readonly routes: readonly Route[]
  readonly #traces: readonly Route[]
  readonly #logs: readonly Route[]

  constructor(routes: readonly Route[]) {
    this.routes = routes
    this.#traces = routes.filter(({ lane }) => lane.signals.includes('traces'))
    this.#logs = routes.filter(({ lane }) => lane.signals.includes('logs'))
  }

  /** True where some lane takes the signal. */
  takes(signal: Signal): boolean {
    return (signal === 'traces' ? this.#traces : this.#logs).length > 0
  }

  routeTraces(batch: SelectableTraceBatch): void {
    for (const { lane, selection } of this.#traces) {
      const part = batch.select(selection)
      if (part !== undefined) lane.offer(part)
    }
  }

  /** True where some lane wants spans that are still open. */
  get takesPending(): boolean {
    return this.#traces.some(({ wantsPending }) => wantsPending)
  }

  routePending(batch: SelectableTraceBatch): void {
    for (const { lane, selection, wantsPending } of this.#traces) {
      const part = wantsPending ? batch.select(selection) : undefined
      if (part !== undefined) lane.offer(part)
    }
  }

  routeLogs(batch: PendingLogBatch): void {
    for (const { lane, selection } of this.#logs) {
      const part = batch.select(selection)
      if (part !== undefined) lane.offer(part)
    }
  }
}

/** How many items of batches that are not closed yet the route will take. */
export function openItems(
  { lane, selection }: Route,
  spans: readonly ReadableSpan[],
  entries: readonly PendingLogRecord[],
): Record<Signal, number> {
  const { minSeverity, share } = selection
  const wantedSpans = share >= 1 ? spans : spans.filter((span) => isTraceSelected(span.spanContext().traceId, share))
  const wantedLogs =
    share >= 1 && minSeverity === undefined ? entries : entries.filter((entry) => isSelected(entry, selection))
  return {
    traces: lane.signals.includes('traces') ? wantedSpans.length : 0,
    logs: lane.signals.includes('logs') ? wantedLogs.length : 0,
  }
}
