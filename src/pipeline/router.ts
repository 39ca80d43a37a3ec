import type { Signal, TraceBatch } from '../backends/backend.ts'
import type { LevelName } from '../config/types.ts'
import { isAtLeast, type PendingLogBatch } from './batch.ts'
import type { Lane } from './lane.ts'
import type { PendingLogRecord } from './pending-log-record.ts'

/** The lowest OpenTelemetry severity number of each level. */
const severityNumbers: Readonly<Record<LevelName, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
}

/** A lane and which log records it takes. */
export interface Route {
  readonly lane: Lane
  readonly minSeverity: number | undefined
}

export function routeTo(lane: Lane, minLevel: LevelName | undefined): Route {
  return { lane, minSeverity: minLevel === undefined ? undefined : severityNumbers[minLevel] }
}

/** Hands each batch to the lanes that take its signal; of the log records, those of the lane's level and above. */
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

  routeTraces(batch: TraceBatch): void {
    for (const { lane } of this.#traces) lane.offer(batch)
  }

  routeLogs(batch: PendingLogBatch): void {
    for (const { lane, minSeverity } of this.#logs) {
      const view = minSeverity === undefined ? batch : batch.atLeast(minSeverity)
      if (view !== undefined) lane.offer(view)
    }
  }
}

/** How many items of batches that are not closed yet the route will take. */
export function openItems(
  { lane, minSeverity }: Route,
  spans: readonly unknown[],
  entries: readonly PendingLogRecord[],
): Record<Signal, number> {
  const wanted = minSeverity === undefined ? entries : entries.filter((entry) => isAtLeast(entry, minSeverity))
  return {
    traces: lane.signals.includes('traces') ? spans.length : 0,
    logs: lane.signals.includes('logs') ? wanted.length : 0,
  }
}
