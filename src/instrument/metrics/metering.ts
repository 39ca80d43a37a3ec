import { metrics } from '@opentelemetry/api'
import { PeriodicExportingMetricReader, type ViewOptions } from '@opentelemetry/sdk-metrics'
import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'
import { MetricsLane } from '../../pipeline/metrics-lane.ts'
import type { BackendStatus, PipelineBackend } from '../../pipeline/pipeline.ts'
import { within } from '../../pipeline/within.ts'
import { observeDelivery } from './delivery-metrics.ts'
import { FanOut } from './fan-out.ts'
import { withoutIdentity } from './identity-filter.ts'

export interface MeteringOptions {
  /** Those that take metrics get them. */
  readonly backends: readonly PipelineBackend[]
  /** Milliseconds from one collection to the next. */
  readonly intervalMs: number
  /** Attributes, beside those of tenants and users, that no metric may have. */
  readonly withoutKeys: readonly string[]
}

/** What collects metrics, once for all backends, and hands them to each. */
export interface Metering {
  /** One, or none where no backend takes metrics. */
  readonly readers: PeriodicExportingMetricReader[]
  readonly views: ViewOptions[]
  /** Makes metrics of the books of all backends; the SDK is running then. */
  observe(status: () => Readonly<Record<string, BackendStatus>>, queueCapacity: number): void
  /** The books of all signals. */
  withMetrics(backends: Readonly<Record<string, BackendStatus>>): Record<string, BackendStatus>
  /** Collects and delivers now; false where that took longer than `timeoutMs`. Never rejects. */
  flush(timeoutMs: number): Promise<boolean>
  /** The same, once more; then nothing is collected any more. */
  close(timeoutMs: number): Promise<void>
}

export function createMetering({ backends, intervalMs, withoutKeys }: MeteringOptions): Metering {
  const lanes = backends
    .filter(({ backend, takesMetrics }) => takesMetrics && 'deliverMetrics' in backend)
    .map(({ name, backend, timeoutMs }) => new MetricsLane({ name, backend, timeoutMs }))
  const readers =
    lanes.length === 0
      ? []
      : [
          new PeriodicExportingMetricReader({
            exporter: new FanOut(lanes),
            exportIntervalMillis: intervalMs,
            exportTimeoutMillis: intervalMs,
          }),
        ]
  const all = async (work: (reader: PeriodicExportingMetricReader) => Promise<void>): Promise<void> => {
    try {
      for (const reader of readers) await work(reader)
    } catch (error) {
      diagnostics.count('metrics_errors')
      diagnostics.once('warn', `metrics could not be collected: ${messageOf(error)}`, 'metrics_errors')
    }
  }
  return {
    readers,
    views: [withoutIdentity(withoutKeys)],
    observe: (status, queueCapacity) => {
      if (lanes.length > 0) observeDelivery(metrics.getMeter('signalbox'), status, queueCapacity)
    },
    withMetrics: (books) => {
      const own = new Map(lanes.map((lane) => [lane.name, lane]))
      return Object.fromEntries(
        Object.entries(books).map(([name, status]) => {
          const lane = own.get(name)
          return [name, lane === undefined ? status : Object.freeze(withLane(status, lane))]
        }),
      )
    },
    flush: (timeoutMs) => within(timeoutMs, () => all((reader) => reader.forceFlush())),
    close: async (timeoutMs) => {
      const isDone = await within(timeoutMs, () => all((reader) => reader.shutdown()))
      if (!isDone) for (const lane of lanes) void lane.close()
    },
  }
}

function withLane(status: BackendStatus, lane: MetricsLane): BackendStatus {
  const { lastProblem = status.lastProblem } = lane
  const latest = status.lastProblem !== undefined && lastProblem !== undefined && status.lastProblem.at > lastProblem.at
  const shown = latest ? status.lastProblem : lastProblem
  return { ...status, metrics: lane.status(), ...(shown && { lastProblem: shown }) }
}
