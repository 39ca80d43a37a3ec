import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { AggregationTemporality, type PushMetricExporter, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { MetricsLane } from '../../pipeline/metrics-lane.ts'

/**
 * Hands what was collected to all lanes at once, and waits for none of them.
 *
 * One collection for all: some instruments measure from one to the next, and would give the second reader nothing. To the
 * SDK every export is a success; what goes wrong is said and counted by the lane.
 */
export class FanOut implements PushMetricExporter {
  readonly #lanes: readonly MetricsLane[]

  constructor(lanes: readonly MetricsLane[]) {
    this.#lanes = lanes
  }

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    for (const lane of this.#lanes) lane.offer(metrics)
    done({ code: ExportResultCode.SUCCESS })
  }

  selectAggregationTemporality(): AggregationTemporality {
    return AggregationTemporality.CUMULATIVE
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.settled()))
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }
}
