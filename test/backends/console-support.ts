import { logBatch, traceBatch } from '../../src/pipeline/batch.ts'
import { Writable } from 'node:stream'
import {
  type AnyValue,
  type Context,
  type LogRecord,
  ROOT_CONTEXT,
  SeverityNumber,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace'
import type { LogBatch, TraceBatch } from '../../src/backends/backend.ts'

/** 2026-11-22T12:00:00Z; times in the tests are milliseconds after it. */
export const noon: number = Date.UTC(2026, 10, 22, 12)

/** The real SDK with ids that count up and times that are given, keeping what ended. */
export function recorder(): Recorder {
  const spans: ReadableSpan[] = []
  const records: ReadableLogRecord[] = []
  const resource = resourceFromAttributes({ 'service.name': 'orders-api' })
  let traceCount = 0
  let spanCount = 0
  const provider = new TracerProvider({
    resource,
    idGenerator: {
      generateTraceId: () => `${(0x4b_f9_2f_35 + traceCount++).toString(16)}${'0'.repeat(24)}`,
      generateSpanId: () => (0xa0_00_00_01 + spanCount++).toString(16).padEnd(16, '0'),
    },
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: (span) => void spans.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  })
  const loggers = new LoggerProvider({
    resource,
    processors: [
      {
        onEmit: (record) => void records.push(record),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  })
  const tracer = provider.getTracer('test', '1.0.0')
  const logger = loggers.getLogger('pino', '10.0.0')
  return {
    spans,
    records,
    start: (name, atMs, options = {}, parent = ROOT_CONTEXT) => {
      const span = tracer.startSpan(name, { ...options, startTime: noon + atMs }, parent)
      return Object.assign(span, { context: trace.setSpan(parent, span) })
    },
    log: (atMs, body, more = {}) => {
      logger.emit({
        timestamp: noon + atMs,
        observedTimestamp: noon + atMs,
        body,
        context: ROOT_CONTEXT,
        ...(more.eventName === undefined && { severityNumber: SeverityNumber.INFO, severityText: 'info' }),
        ...more,
      })
    },
    take: () => ({ traces: tracesOf(spans.splice(0)), logs: logsOf(records.splice(0)) }),
  }
}

export interface Recorder {
  readonly spans: ReadableSpan[]
  readonly records: ReadableLogRecord[]
  start(name: string, atMs: number, options?: SpanOptions, parent?: Context): StartedSpan
  log(atMs: number, body: AnyValue, more?: LogRecord): void
  /** The batches of what ended since the last call. */
  take(): { readonly traces: TraceBatch; readonly logs: LogBatch }
}

export type StartedSpan = ReturnType<ReturnType<TracerProvider['getTracer']>['startSpan']> & {
  readonly context: Context
}

export function tracesOf(spans: readonly ReadableSpan[]): TraceBatch {
  return traceBatch(spans, spans.length * 500)
}

export function logsOf(records: readonly ReadableLogRecord[]): LogBatch {
  return logBatch(records, records.length * 300)
}

export function remoteParent(spanId = '00f067aa0ba902b7'): Context {
  const context: SpanContext = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId, traceFlags: 1, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, context)
}

/** A stream that keeps its text. */
export function page(): Writable & { readonly text: string; take(): string } {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  return Object.defineProperties(stream as ReturnType<typeof page>, {
    text: { get: () => text },
    take: {
      value: () => {
        const taken = text
        text = ''
        return taken
      },
    },
  })
}

/** A request with two database calls, a failed payment and log records, of which one tenant is the owner. */
export function orderRequest(sdk: Recorder): void {
  const who = {
    'tenant.id': '0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10',
    'tenant.app_name': 'bm-tenant-2b1c',
    'user.id': 'user_01',
  }
  const root = sdk.start('POST /orders', 0, { kind: SpanKind.SERVER, attributes: who }, remoteParent())
  sdk.log(1, 'order received', {
    context: root.context,
    attributes: { ...who, 'order.id': 42, note: 'two words', items: ['a', 'b'] },
  })
  const select = sdk.start('SELECT orders', 4, { kind: SpanKind.CLIENT, attributes: who }, root.context)
  select.setStatus({ code: SpanStatusCode.OK })
  select.end(noon + 12.4)
  const charge = sdk.start('charge', 15, { attributes: who }, root.context)
  const call = sdk.start('POST', 18, { kind: SpanKind.CLIENT, attributes: who }, charge.context)
  call.setAttribute('http.response.status_code', 402)
  sdk.log(60, 'card declined', {
    context: call.context,
    severityNumber: SeverityNumber.WARN,
    severityText: 'warn',
    attributes: { ...who, 'tenant.id': 'other-tenant' },
  })
  call.setStatus({ code: SpanStatusCode.ERROR })
  call.setAttribute('error.type', '402')
  call.end(noon + 88)
  charge.recordException({ name: 'PaymentError', message: 'card declined' }, noon + 90)
  charge.setStatus({ code: SpanStatusCode.ERROR, message: 'card declined' })
  charge.end(noon + 91)
  const publish = sdk.start('publish order', 95, { kind: SpanKind.PRODUCER, attributes: who }, root.context)
  publish.end(noon + 95.4)
  root.setAttribute('http.response.status_code', 500)
  root.setStatus({ code: SpanStatusCode.ERROR, message: 'payment failed' })
  sdk.log(119, 'request failed', {
    context: root.context,
    severityNumber: SeverityNumber.ERROR,
    severityText: 'error',
    attributes: { ...who, 'exception.type': 'PaymentError', 'exception.message': 'card declined' },
  })
  root.end(noon + 120)
}
