import type { LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { type Backend, type Signal, signals } from '../backend.ts'
import { fromExporters } from './from-exporters.ts'
import type { OtlpHttpOptions, PerSignal } from './otlp-http-options.ts'
import { createWire, type Destination, exporterConfig, tamed, type Wire } from './wire.ts'

/**
 * Delivers over OTLP/HTTP in protobuf, through the official exporters, which are loaded with the first batch.
 *
 * One request per attempt over kept-alive connections of its own. Nothing is read from the environment. When an attempt is
 * aborted its connection is cut. A partial success is a rejection of the named number of items; `Retry-After` is passed
 * on as `afterMs`.
 */
export function officialOtlpHttp(options: OtlpHttpOptions): Backend {
  const sent = signals.filter((signal) => options.endpoints[signal] !== undefined)
  const wires: PerSignal<Wire> = Object.fromEntries(
    sent.map((signal) => [signal, createWire(destinationOf(options, signal))]),
  )
  const exporters = fromExporters({
    ...(wires.traces && { traces: () => traceExporter(destinationOf(options, 'traces'), wires.traces as Wire) }),
    ...(wires.logs && { logs: () => logExporter(destinationOf(options, 'logs'), wires.logs as Wire) }),
  })
  return {
    signals: sent,
    deliver: async (batch, signal) => {
      const wire = wires[batch.signal]
      return wire === undefined
        ? exporters.deliver(batch, signal)
        : wire.watch(signal, () => exporters.deliver(batch, signal))
    },
    close: async () => {
      for (const wire of Object.values(wires)) wire.cut()
      await exporters.close?.()
    },
  }
}

async function traceExporter(to: Destination, wire: Wire): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  return tamed(new OTLPTraceExporter(exporterConfig(to, wire)), to, wire)
}

async function logExporter(to: Destination, wire: Wire): Promise<LogRecordExporter> {
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-proto')
  return tamed(new OTLPLogExporter(exporterConfig(to, wire)), to, wire)
}

function destinationOf(options: OtlpHttpOptions, signal: Signal): Destination {
  return {
    url: options.endpoints[signal] as string,
    headers: options.headers[signal],
    timeoutMs: options.timeoutMs[signal],
    compression: options.compression[signal],
    tls: options.tls,
  }
}
