import { TraceFlags } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { createConsoleBackend } from '../../../src/backends/console/create-console-backend.ts'
import type { Attributes, ReceivedLogRecord, ReceivedSpan } from '../../../test/support/otlp-decode.ts'

type HrTime = [seconds: number, nanoseconds: number]

const hrTime = (nanos: string): HrTime => [
  Number(BigInt(nanos) / 1_000_000_000n),
  Number(BigInt(nanos) % 1_000_000_000n),
]
const contextOf = (traceId: string, spanId: string): ReturnType<ReadableSpan['spanContext']> => ({
  traceId,
  spanId,
  traceFlags: TraceFlags.SAMPLED,
})
const plain = (attributes: Attributes): never => attributes as never

const serviceOf = ({ resource }: ReceivedSpan): string => String(resource['service.name'])

/** Names with the service before them wherever a trace enters another one. */
function withServices(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const services = new Map(spans.map((span) => [span.spanId, serviceOf(span)]))
  return spans.map((span) => {
    const service = serviceOf(span)
    return services.get(span.parentSpanId) === service ? span : { ...span, name: `${service}: ${span.name}` }
  })
}

function readableSpan(span: ReceivedSpan): ReadableSpan {
  const startTime = hrTime(span.startTimeUnixNano)
  const endTime = hrTime(span.endTimeUnixNano)
  const duration = hrTime(String(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)))
  return {
    name: span.name,
    // OTLP counts kinds from 1, the API from 0.
    kind: span.kind - 1,
    spanContext: () => contextOf(span.traceId, span.spanId),
    ...(span.parentSpanId !== '' && { parentSpanContext: contextOf(span.traceId, span.parentSpanId) }),
    startTime,
    endTime,
    duration,
    status: { code: span.status.code, message: span.status.message },
    attributes: plain(span.attributes),
    links: span.links.map(({ traceId, spanId }) => ({ context: contextOf(traceId, spanId) })),
    events: span.events.map(({ name, timeUnixNano, attributes }) => ({
      name,
      time: hrTime(timeUnixNano),
      attributes: plain(attributes),
    })),
    ended: true,
    resource: resourceFromAttributes(plain(span.resource)),
    instrumentationScope: { name: span.scope.name, version: span.scope.version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function readableLogRecord(record: ReceivedLogRecord): ReadableLogRecord {
  return {
    hrTime: hrTime(record.timeUnixNano),
    hrTimeObserved: hrTime(record.observedTimeUnixNano),
    spanContext: contextOf(record.traceId, record.spanId),
    severityNumber: record.severityNumber,
    severityText: record.severityText,
    body: plain(record.body as never),
    attributes: plain(record.attributes),
    resource: resourceFromAttributes(plain(record.resource)),
    instrumentationScope: { name: record.scope.name, version: record.scope.version },
    droppedAttributesCount: 0,
  }
}

/** Draws traces as the console backend does, each from all of its services. */
export async function drawTraces(
  spans: readonly ReceivedSpan[],
  logRecords: readonly ReceivedLogRecord[],
): Promise<void> {
  const backend = createConsoleBackend({ stream: process.stdout, format: 'tree' })
  const signal = AbortSignal.timeout(5_000)
  const records = logRecords.map(readableLogRecord)
  await backend.deliver({ signal: 'logs', records } as never, signal)
  await backend.deliver({ signal: 'traces', spans: withServices(spans).map(readableSpan) } as never, signal)
  await backend.close?.()
}
