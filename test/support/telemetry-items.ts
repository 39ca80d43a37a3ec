import { logBatch, traceBatch } from '../../src/pipeline/batch.ts'
import { type SeverityNumber, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { LogBatch, TraceBatch } from '../../src/backends/backend.ts'
import type { PendingLogRecord } from '../../src/pipeline/pending-log-record.ts'

const resource = resourceFromAttributes({ 'service.name': 'pipeline' })
const scope = { name: 'test', version: '1.0.0' }
const spanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
}

export function spanOf(name: string, attributes: ReadableSpan['attributes'] = {}): ReadableSpan {
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => spanContext,
    startTime: [1_767_225_600, 1],
    endTime: [1_767_225_600, 2],
    duration: [0, 1],
    status: { code: SpanStatusCode.UNSET },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

export function recordOf(body: string, severityNumber?: SeverityNumber): ReadableLogRecord {
  return {
    hrTime: [1_767_225_600, 1],
    hrTimeObserved: [1_767_225_600, 1],
    body,
    ...(severityNumber !== undefined && { severityNumber }),
    resource,
    instrumentationScope: scope,
    attributes: {},
    droppedAttributesCount: 0,
  }
}

export function pendingOf(body: string, severityNumber?: SeverityNumber): PendingLogRecord & { made: number } {
  return {
    severityNumber,
    traceId: undefined,
    estimatedBytes: 100 + body.length,
    made: 0,
    toRecord() {
      this.made += 1
      return recordOf(body, severityNumber)
    },
  }
}

/** A record that cannot be made. */
export function brokenPending(severityNumber?: number): PendingLogRecord {
  return {
    severityNumber,
    traceId: undefined,
    estimatedBytes: 100,
    toRecord: () => {
      throw new Error('cannot be parsed')
    },
  }
}

export function tracesOf(...names: string[]): TraceBatch {
  return traceBatch(
    names.map((name) => spanOf(name)),
    300 * names.length,
  )
}

export function logsOf(...bodies: string[]): LogBatch {
  const records = bodies.map((body) => recordOf(body, 9))
  return logBatch(records, 100 * records.length)
}

/** The names of the spans, or the bodies of the records, of a batch. */
export function textsOf(batch: TraceBatch | LogBatch): string[] {
  return batch.signal === 'traces' ? batch.spans.map(({ name }) => name) : batch.records.map(({ body }) => String(body))
}
