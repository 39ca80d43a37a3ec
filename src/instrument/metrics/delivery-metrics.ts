import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api'
import type { BackendStatus, SignalStatus } from '../../pipeline/pipeline.ts'

/** What is observed of one signal, as the semantic conventions call it. */
const exported = {
  traces: ['otel.sdk.exporter.span.exported', '{span}', 'span'],
  logs: ['otel.sdk.exporter.log.exported', '{log_record}', 'log'],
  metrics: ['otel.sdk.exporter.metric_data_point.exported', '{data_point}', 'metric'],
} as const

const queued = {
  traces: ['otel.sdk.processor.span.queue.size', '{span}'],
  logs: ['otel.sdk.processor.log.queue.size', '{log_record}'],
} as const

type ReportedSignal = keyof typeof exported

/**
 * Makes metrics of the books: what each backend got, what waits for it, and what it did not get and why.
 *
 * Read when metrics are collected; nothing is counted twice.
 * https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
 */
export function observeDelivery(
  meter: Meter,
  status: () => Readonly<Record<string, BackendStatus>>,
  capacity: number,
): void {
  const exportedBy = Object.fromEntries(
    Object.entries(exported).map(([signal, [name, unit]]) => [
      signal,
      meter.createObservableCounter(name, { unit, description: 'Items for which an export has ended, well or not.' }),
    ]),
  )
  const queuedBy = Object.fromEntries(
    Object.entries(queued).map(([signal, [name, unit]]) => [
      signal,
      meter.createObservableUpDownCounter(name, { unit, description: 'Items that wait in memory.' }),
    ]),
  )
  const capacityBy = Object.fromEntries(
    Object.entries(queued).map(([signal, [name, unit]]) => [
      signal,
      meter.createObservableUpDownCounter(name.replace('.size', '.capacity'), {
        unit,
        description: 'Most items that wait in memory.',
      }),
    ]),
  )
  const spooled = meter.createObservableUpDownCounter('signalbox.spool.size', {
    unit: '{item}',
    description: 'Items that wait on disk.',
  })
  const observe = (result: BatchObservableResult): void => {
    for (const [name, backend] of Object.entries(status())) {
      for (const signal of ['traces', 'logs', 'metrics'] as const) {
        const books = backend[signal]
        const counter = exportedBy[signal]
        if (books === undefined || counter === undefined) continue
        const component = componentOf(name, backend.type, signal)
        for (const [value, attributes] of ends(books)) result.observe(counter, value, { ...component, ...attributes })
        const [size, limit] = [queuedBy[signal], capacityBy[signal]]
        if (size !== undefined) result.observe(size, books.queued, component)
        if (limit !== undefined) result.observe(limit, capacity, component)
        if (books.spooled !== undefined) result.observe(spooled, books.spooled, component)
      }
    }
  }
  meter.addBatchObservableCallback(observe, [
    ...Object.values(exportedBy),
    ...Object.values(queuedBy),
    ...Object.values(capacityBy),
    spooled,
  ])
}

function ends({ delivered, dropped }: SignalStatus): readonly (readonly [number, Attributes])[] {
  const lost = Object.entries(dropped).map(([reason, count]) => [count, { 'error.type': reason }] as const)
  return [[delivered, {}], ...lost]
}

function componentOf(name: string, type: string, signal: ReportedSignal): Attributes {
  const isOtlp = ['grafana', 'logfire', 'otlp'].includes(type)
  const component = isOtlp ? `otlp_http_${exported[signal][2]}_exporter` : type
  return { 'otel.component.type': component, 'otel.component.name': `${name}/${component}` }
}
