import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { Backend } from '../backend.ts'
import { fromExporters } from './from-exporters.ts'
import { createWire, type Destination, exporterConfig, tamed, type Wire } from './wire.ts'

/** What of a backend delivers metrics. */
export type MetricsBackend = Required<Pick<Backend, 'deliverMetrics' | 'closeMetrics'>>

/**
 * Delivers metrics over OTLP/HTTP in protobuf, through the official exporter, which is loaded with the first of them.
 *
 * Cumulative, one request per attempt over connections of its own; nothing is read from the environment.
 */
export function otlpMetrics(to: Destination): MetricsBackend {
  const wire = createWire(to)
  const { deliverMetrics, closeMetrics } = fromExporters({ metrics: () => metricExporter(to, wire) }) as MetricsBackend
  return {
    deliverMetrics: (metrics, signal) => wire.watch(signal, () => deliverMetrics(metrics, signal)),
    closeMetrics: async () => {
      wire.cut()
      await closeMetrics()
    },
  }
}

async function metricExporter(to: Destination, wire: Wire): Promise<PushMetricExporter> {
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto')
  return tamed(new OTLPMetricExporter(exporterConfig(to, wire)), to, wire)
}
