import { createRequire } from 'node:module'

type Plain = null | string | number | boolean | Plain[] | { [key: string]: Plain }
interface Long {
  toString(): string
}
interface AnyValue {
  stringValue?: string | null
  boolValue?: boolean | null
  intValue?: Long | null
  doubleValue?: number | null
  bytesValue?: Uint8Array | null
  arrayValue?: { values: AnyValue[] } | null
  kvlistValue?: { values: KeyValue[] } | null
}
interface KeyValue {
  key: string
  value?: AnyValue | null
}
interface Scope {
  name: string
  version: string
  attributes: KeyValue[]
}
interface Group<Item> {
  resource?: { attributes: KeyValue[] } | null
  groups: { scope?: Scope | null; items: Item[] }[]
}
interface WireSpan {
  name: string
  kind: number
  traceId: Uint8Array
  spanId: Uint8Array
  parentSpanId?: Uint8Array | null
  startTimeUnixNano: Long
  endTimeUnixNano: Long
  status?: { code?: number; message?: string } | null
  attributes: KeyValue[]
  events: { name: string; timeUnixNano: Long; attributes: KeyValue[] }[]
  links: { traceId: Uint8Array; spanId: Uint8Array; attributes: KeyValue[] }[]
}
interface WireRecord {
  timeUnixNano: Long
  observedTimeUnixNano: Long
  severityNumber: number
  severityText: string
  eventName: string
  body?: AnyValue | null
  traceId?: Uint8Array | null
  spanId?: Uint8Array | null
  attributes: KeyValue[]
  droppedAttributesCount?: number | null
}
interface Message<T> {
  decode(bytes: Uint8Array): T
  encode(value: object): { finish(): Uint8Array }
}
interface Collector {
  trace: {
    v1: {
      ExportTraceServiceRequest: Message<{
        resourceSpans: { resource?: Group<0>['resource']; scopeSpans: { scope?: Scope | null; spans: WireSpan[] }[] }[]
      }>
      ExportTraceServiceResponse: Message<object>
    }
  }
  logs: {
    v1: {
      ExportLogsServiceRequest: Message<{
        resourceLogs: {
          resource?: Group<0>['resource']
          scopeLogs: { scope?: Scope | null; logRecords: WireRecord[] }[]
        }[]
      }>
      ExportLogsServiceResponse: Message<object>
    }
  }
}

const require = createRequire(import.meta.url)
const root = require('otlp-decoder/build/src/generated/root.js') as {
  opentelemetry: { proto: { collector: Collector } }
}
const { trace, logs } = root.opentelemetry.proto.collector

export type Attributes = Record<string, Plain>

interface Origin {
  readonly resource: Attributes
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: Attributes }
}

/** A span as it arrived; ids in hex, an absent one is `''`; times in decimal nanoseconds. */
export interface ReceivedSpan extends Origin {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code: number; readonly message: string }
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string; readonly attributes: Attributes }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[]
}

/** A log record as it arrived; ids in hex, an absent one is `''`; times in decimal nanoseconds. */
export interface ReceivedLogRecord extends Origin {
  readonly body: Plain
  readonly severityNumber: number
  readonly severityText: string
  readonly eventName: string
  readonly attributes: Attributes
  readonly droppedAttributesCount: number
  readonly traceId: string
  readonly spanId: string
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
}

// A field that did not arrive is null on the prototype of a decoded message.
function plainOf(value: AnyValue | null | undefined): Plain {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = value ?? {}
  if (intValue) return Number(intValue.toString())
  if (bytesValue) return Buffer.from(bytesValue).toString('base64')
  if (arrayValue) return arrayValue.values.map(plainOf)
  if (kvlistValue) return attributesOf(kvlistValue.values)
  return stringValue ?? boolValue ?? doubleValue ?? null
}

function attributesOf(list: readonly KeyValue[] | undefined): Attributes {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, plainOf(value)]))
}

const hex = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('hex')

function originOf(resource: Group<0>['resource'], scope: Scope | null | undefined): Origin {
  return {
    resource: attributesOf(resource?.attributes),
    scope: { name: scope?.name ?? '', version: scope?.version ?? '', attributes: attributesOf(scope?.attributes) },
  }
}

/** The spans of an `ExportTraceServiceRequest`, in order; decoded with the official generated classes. */
export function decodeSpans(bytes: Uint8Array): ReceivedSpan[] {
  const { resourceSpans } = trace.v1.ExportTraceServiceRequest.decode(bytes)
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        name: span.name,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        kind: span.kind,
        startTimeUnixNano: span.startTimeUnixNano.toString(),
        endTimeUnixNano: span.endTimeUnixNano.toString(),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
        attributes: attributesOf(span.attributes),
        events: span.events.map((event) => ({
          name: event.name,
          timeUnixNano: event.timeUnixNano.toString(),
          attributes: attributesOf(event.attributes),
        })),
        links: span.links.map((link) => ({
          traceId: hex(link.traceId),
          spanId: hex(link.spanId),
          attributes: attributesOf(link.attributes),
        })),
        ...originOf(resource, scope),
      })),
    ),
  )
}

/** The records of an `ExportLogsServiceRequest`, in order; decoded with the official generated classes. */
export function decodeLogRecords(bytes: Uint8Array): ReceivedLogRecord[] {
  const { resourceLogs } = logs.v1.ExportLogsServiceRequest.decode(bytes)
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((record) => ({
        body: plainOf(record.body),
        severityNumber: record.severityNumber,
        severityText: record.severityText,
        eventName: record.eventName,
        attributes: attributesOf(record.attributes),
        droppedAttributesCount: record.droppedAttributesCount ?? 0,
        traceId: hex(record.traceId),
        spanId: hex(record.spanId),
        timeUnixNano: record.timeUnixNano.toString(),
        observedTimeUnixNano: record.observedTimeUnixNano.toString(),
        ...originOf(resource, scope),
      })),
    ),
  )
}

/** The answer of a receiver that took everything but `rejected` items. */
export function encodePartialSuccess(signal: 'traces' | 'logs', rejected: number, errorMessage: string): Uint8Array {
  return signal === 'traces'
    ? trace.v1.ExportTraceServiceResponse.encode({ partialSuccess: { rejectedSpans: rejected, errorMessage } }).finish()
    : logs.v1.ExportLogsServiceResponse.encode({
        partialSuccess: { rejectedLogRecords: rejected, errorMessage },
      }).finish()
}
