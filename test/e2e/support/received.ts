import type { OtlpSink, ReceivedLogRecord, ReceivedSpan } from '../../support/otlp-sink.ts'

export const SERVER = 2
export const CLIENT = 3
export const PRODUCER = 4
export const CONSUMER = 5
export const ERROR = 2

/** What one backend has received; a backend is told by the beginning of the path it is sent to. */
export interface Received {
  spans(): ReceivedSpan[]
  logRecords(): ReceivedLogRecord[]
  /** The traces of which one span has this request id. */
  tracesOf(requestIds: readonly string[]): string[]
  spansOf(traceId: string): ReceivedSpan[]
  recordsOf(traceId: string): ReceivedLogRecord[]
}

export function receivedBy(sink: OtlpSink, backend: string): Received {
  const own = (): OtlpSink['requests'] => sink.requests.filter(({ path }) => path.startsWith(`/${backend}/`))
  const spans = (): ReceivedSpan[] => own().flatMap((request) => request.spans)
  const logRecords = (): ReceivedLogRecord[] => own().flatMap((request) => request.logRecords)
  return {
    spans,
    logRecords,
    tracesOf: (requestIds) => {
      const wanted = new Set<unknown>(requestIds)
      const found = spans().filter(({ attributes }) => wanted.has(attributes['request.id']))
      return [...new Set(found.map(({ traceId }) => traceId))]
    },
    spansOf: (traceId) => spans().filter((span) => span.traceId === traceId),
    recordsOf: (traceId) => logRecords().filter((record) => record.traceId === traceId),
  }
}

export const serviceOf = ({ resource }: { readonly resource: ReceivedSpan['resource'] }): string =>
  String(resource['service.name'])

/** Spans that name a parent which is not among them. */
export function orphans(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  return spans.filter(({ parentSpanId }) => parentSpanId !== '' && !ids.has(parentSpanId))
}

/** The span, its parent, its parent's parent, as `service: name`. */
export function ancestry(span: ReceivedSpan | undefined, spans: readonly ReceivedSpan[]): string[] {
  const byId = new Map(spans.map((each) => [each.spanId, each]))
  const line: string[] = []
  for (let each = span; each !== undefined; each = byId.get(each.parentSpanId)) {
    line.push(`${serviceOf(each)}: ${each.name}`)
  }
  return line
}
