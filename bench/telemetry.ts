// Starts the telemetry of one variant in a measured process, and ends it.
import { trace } from '@opentelemetry/api'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino'
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'

export type Variant = 'none' | 'stock' | 'ours'

export interface Measured {
  /** Delivers all that is left; part of what is measured. */
  stop(): Promise<void>
}

export async function startVariant(variant: Variant, sinkUrl: string, backends: number): Promise<Measured> {
  if (variant === 'none') return { stop: () => Promise.resolve() }
  return variant === 'stock' ? startStock(sinkUrl, backends) : startOurs(sinkUrl, backends)
}

/** Official processors and exporters, one pair for each backend, gzip on, everything else by default. */
function startStock(sinkUrl: string, backends: number): Measured {
  const targets = Array.from({ length: backends }, (_, index) => `${sinkUrl}/${index}`)
  // The exporters' own enum lives in a package of theirs.
  // Where memory is measured nothing is to be given up or dropped before it is measured.
  const isPatient = process.env['BENCH_PATIENT'] === '1'
  const patience = isPatient ? { timeoutMillis: 600_000 } : {}
  const queue = isPatient ? { maxQueueSize: 65_536 } : {}
  const compression = 'gzip' as NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>['compression'] & string
  const instrumentations: Instrumentation[] = [
    new HttpInstrumentation(),
    new PgInstrumentation(),
    new PinoInstrumentation(),
  ]
  const sdk = new NodeSDK({
    serviceName: 'bench',
    metricReaders: [],
    instrumentations,
    spanProcessors: targets.map(
      (url) =>
        new BatchSpanProcessor({
          exporter: new OTLPTraceExporter({ url: `${url}/v1/traces`, compression, ...patience }),
          ...queue,
        }),
    ),
    logRecordProcessors: targets.map(
      (url) => new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs`, compression }) }),
    ),
  })
  sdk.start()
  return { stop: () => sdk.shutdown() }
}

async function startOurs(sinkUrl: string, backends: number): Promise<Measured> {
  const names = Array.from({ length: backends }, (_, index) => `b${index}`)
  process.env['OTEL_SERVICE_NAME'] = 'bench'
  process.env['TELEMETRY_BACKENDS'] = names.map((name) => `otlp:${name}`).join(',') || 'none'
  process.env['TELEMETRY_INSTRUMENTATIONS'] = 'http,pg,pino'
  // The stock variant collects none either.
  process.env['TELEMETRY_METRICS'] = 'false'
  process.env['TELEMETRY_SPOOL'] ??= 'off'
  if (process.env['BENCH_PATIENT'] === '1') process.env['TELEMETRY_B0_TIMEOUT'] = '10m'
  names.forEach((name, index) => (process.env[`TELEMETRY_${name.toUpperCase()}_ENDPOINT`] = `${sinkUrl}/${index}`))
  const { startTelemetry } = await import('signalbox')
  const telemetry = startTelemetry()
  return { stop: () => telemetry.stop(30_000) }
}

export const tracer = (): ReturnType<typeof trace.getTracer> => trace.getTracer('bench')
