import { randomBytes } from 'node:crypto'
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import type { LogBatch, TraceBatch } from '../../backends/backend.ts'
import { logBatch, traceBatch } from '../../pipeline/batch.ts'

/** What the test span and its log record are called. */
const testName = 'signalbox doctor'

/** One span, and one log record in its trace. */
export interface TestItems {
  readonly traceId: string
  readonly resource: Resource
  readonly traces: TraceBatch
  readonly logs: LogBatch
}

/** Makes the test items: both carry `signalbox.test = true`, and the resource of the application. */
export function testItems(attributesOfService: Readonly<Record<string, string | number>>, nowMs: number): TestItems {
  const resource = resourceFromAttributes({ ...attributesOfService })
  const instrumentationScope = { name: 'signalbox' }
  const traceId = randomBytes(16).toString('hex')
  const context = { traceId, spanId: randomBytes(8).toString('hex'), traceFlags: TraceFlags.SAMPLED }
  const attributes = { 'signalbox.test': true }
  const time: [number, number] = [Math.floor(nowMs / 1_000), (nowMs % 1_000) * 1_000_000]
  const common = { resource, instrumentationScope, attributes, droppedAttributesCount: 0 }
  const span = {
    ...common,
    name: testName,
    kind: SpanKind.INTERNAL,
    spanContext: () => context,
    startTime: time,
    endTime: time,
    duration: [0, 0] as [number, number],
    status: { code: SpanStatusCode.UNSET },
    links: [],
    events: [],
    ended: true,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
  const record = {
    ...common,
    hrTime: time,
    hrTimeObserved: time,
    spanContext: context,
    severityNumber: 9,
    severityText: 'info',
    body: testName,
  }
  return { traceId, resource, traces: traceBatch([span], 500), logs: logBatch([record], 500) }
}
