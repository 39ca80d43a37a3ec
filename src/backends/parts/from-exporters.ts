import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { messageOf } from '../../errors.ts'
import { type Backend, type Outcome, signals } from '../backend.ts'
import { outcomeOfFailure } from './export-failure.ts'

/** An exporter, or a function that makes it when it is first needed. */
export type Made<Exporter> = Exporter | (() => Exporter | Promise<Exporter>)

/** The stock exporters of a backend; a signal without one is not offered to it. */
export interface Exporters {
  readonly traces?: Made<SpanExporter>
  readonly logs?: Made<LogRecordExporter>
  /** Gets cumulative metrics, whatever temporality it prefers. */
  readonly metrics?: Made<PushMetricExporter>
}

/**
 * Makes a backend of any OpenTelemetry `SpanExporter`, `LogRecordExporter` and `PushMetricExporter`.
 *
 * A failed export is delivered again later unless its error carries the `code` of an HTTP status that forbids it: then it
 * is a rejection named `http_<status>`. Only the first call of an exporter's callback counts. Exporters given as
 * functions are made at the first batch, and made anew when that failed. `close` shuts down those that were made.
 *
 * @example
 * startTelemetry({ backends: [{ name: 'zipkin', backend: fromExporters({ traces: new ZipkinExporter() }) }] })
 */
export function fromExporters(exporters: Exporters): Backend {
  const traces = once(exporters.traces)
  const logs = once(exporters.logs)
  const metrics = once(exporters.metrics)
  return {
    ...(metrics && metricsOf(metrics)),
    signals: signals.filter((signal) => exporters[signal] !== undefined),
    deliver: async (batch, signal) => {
      const run = batch.signal === 'traces' ? await exportOf(traces, batch.spans) : await exportOf(logs, batch.records)
      return run === undefined ? { kind: 'rejected', reason: 'signal_not_supported' } : outcomeOf(run, signal)
    },
    close: async () => {
      await Promise.all([traces, logs].map(async (made) => (await made?.ifMade())?.shutdown()))
    },
  }
}

function metricsOf(made: Once<PushMetricExporter>): Required<Pick<Backend, 'deliverMetrics' | 'closeMetrics'>> {
  return {
    deliverMetrics: async (metrics, signal) => {
      const exporter = await made.get()
      return outcomeOf((done) => exporter.export(metrics, done), signal)
    },
    closeMetrics: async () => {
      const exporter = await made.ifMade()
      await exporter?.shutdown()
    },
  }
}

type Export = (done: (result: ExportResult | undefined) => void) => unknown

interface Once<Exporter> {
  get(): Promise<Exporter>
  ifMade(): Promise<Exporter | undefined>
}

function once<Exporter extends object>(made: Made<Exporter> | undefined): Once<Exporter> | undefined {
  if (made === undefined) return undefined
  let exporter: Promise<Exporter> | undefined
  const make = async (): Promise<Exporter> => (typeof made === 'function' ? made() : made)
  return {
    get: () => {
      exporter ??= make().catch((error: unknown) => {
        exporter = undefined
        throw error
      })
      return exporter
    },
    ifMade: async () => (typeof made === 'function' ? exporter : made),
  }
}

interface Exporter<Item> {
  export(items: Item[], done: (result: ExportResult) => void): void
}

async function exportOf<Item>(
  made: Once<Exporter<Item>> | undefined,
  items: readonly Item[],
): Promise<Export | undefined> {
  const exporter = await made?.get()
  // A copy, as a stock exporter may take its list apart, and ours is shared by all lanes.
  return exporter && ((done) => exporter.export([...items], done))
}

function outcomeOf(run: Export, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const end = (outcome: Outcome): void => {
      signal.removeEventListener('abort', aborted)
      resolve(outcome)
    }
    const aborted = (): void => end({ kind: 'retry', reason: 'aborted' })
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    const exporting = async (): Promise<unknown> =>
      run((result) =>
        end(result?.code === ExportResultCode.SUCCESS ? { kind: 'delivered' } : outcomeOfFailure(result?.error)),
      )
    exporting().catch((error: unknown) => {
      signal.removeEventListener('abort', aborted)
      reject(error instanceof Error ? error : new Error(messageOf(error)))
    })
  })
}
