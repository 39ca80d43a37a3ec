import type { SpanContext } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { kindOf, levelOf, statusOf } from './facts.ts'
import { type Plain, toPlain } from '../../transport/plain.ts'
import { invisible } from './text.ts'
import { isoTime, toMs } from './time.ts'

const resources = new WeakMap<Resource, Plain>()

/** A finished span as one line of JSON; the page on the console backend describes its fields. */
export function spanJson(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext()
  return lineOf({
    type: 'span',
    time: isoTime(span.startTime),
    duration_ms: round(toMs(span.duration)),
    name: toPlain(span.name),
    kind: kindOf(span),
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: span.parentSpanContext?.spanId,
    status: statusOf(span),
    status_message: span.status.message === undefined ? undefined : toPlain(span.status.message),
    attributes: toPlain(span.attributes),
    events: unlessEmpty(span.events.map(eventOf)),
    links: unlessEmpty(span.links.map(linkOf)),
    scope: scopeOf(span.instrumentationScope),
    resource: resourceOf(span.resource),
  })
}

/** A log record as one line of JSON; the page on the console backend describes its fields. */
export function logJson(record: ReadableLogRecord): string {
  const context: Partial<SpanContext> = record.spanContext ?? {}
  return lineOf({
    type: 'log',
    time: isoTime(record.hrTime),
    level: levelOf(record),
    severity_number: record.severityNumber,
    body: record.body === undefined ? undefined : toPlain(record.body),
    event_name: record.eventName === undefined ? undefined : toPlain(record.eventName),
    trace_id: context.traceId,
    span_id: context.spanId,
    attributes: toPlain(record.attributes),
    scope: scopeOf(record.instrumentationScope),
    resource: resourceOf(record.resource),
  })
}

function lineOf(fields: Readonly<Record<string, unknown>>): string {
  // JSON itself escapes C0 controls alone, and terminals act on others too.
  return JSON.stringify(fields).replace(invisible, escaped)
}

function escaped(character: string): string {
  return character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function eventOf({ time, name, attributes }: ReadableSpan['events'][number]): object {
  return { time: isoTime(time), name: toPlain(name), attributes: toPlain(attributes ?? {}) }
}

function linkOf({ context, attributes }: ReadableSpan['links'][number]): object {
  return { trace_id: context.traceId, span_id: context.spanId, attributes: toPlain(attributes ?? {}) }
}

function unlessEmpty(items: readonly object[]): readonly object[] | undefined {
  return items.length === 0 ? undefined : items
}

function scopeOf({ name, version }: ReadableSpan['instrumentationScope']): Plain {
  return version === undefined || version === '' ? { name } : { name, version }
}

function resourceOf(resource: Resource): Plain {
  let plain = resources.get(resource)
  if (plain === undefined) {
    plain = toPlain(resource.attributes)
    // Attributes of a detector that still runs would be missing from a kept copy.
    if (resource.asyncAttributesPending !== true) resources.set(resource, plain)
  }
  return plain
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
