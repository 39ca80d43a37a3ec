import type { LogRecord, SpanOptions } from '@opentelemetry/api'
import { LoggerProvider } from '@opentelemetry/sdk-logs'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../diagnostics.ts'
import { toPlain } from '../transport/plain.ts'

type Method = (this: unknown, first?: unknown, second?: unknown, third?: unknown) => unknown
type Rescue = (self: unknown, original: Method, first: unknown, second: unknown, third: unknown) => unknown

let guarded = false

/**
 * Keeps the SDK's spans, tracers and loggers from throwing into the application.
 *
 * They read attribute values as they are given, and a getter, proxy or symbol in one throws out of `setAttribute` or
 * `startSpan`. What cannot be read is left out and counted (`attributes_unreadable`); the span or record is kept. The
 * SDK's classes are patched once per process.
 */
export function guardSdk(): void {
  if (guarded) return
  guarded = true
  const tracer = new TracerProvider().getTracer('signalbox')
  const span = tracer.startSpan('signalbox')
  for (const name of ['setAttribute', 'setAttributes', 'addEvent', 'addLink', 'recordException', 'setStatus']) {
    guardMethod(span, name, (self) => self)
  }
  guardMethod(span, 'end', () => undefined)
  guardMethod(span, 'updateName', (self) => self, textOf)
  guardMethod(
    tracer,
    'startSpan',
    (self, original, name, options, context) => {
      const { attributes: _attributes, links: _links, ...readable } = (options ?? {}) as SpanOptions
      return original.call(self, name, readable, context)
    },
    textOf,
  )
  guardMethod(
    new LoggerProvider().getLogger('signalbox'),
    'emit',
    (self, original, record) => {
      const { attributes: _attributes, exception: _exception, ...readable } = record as LogRecord
      return original.call(self, readable)
    },
    (record) => encodable(record as LogRecord),
  )
}

/** No guarded method takes more than three arguments: by name they cost less than in a list. */
function guardMethod(instance: object, name: string, rescue: Rescue, prepare?: (first: unknown) => unknown): void {
  const prototype = Object.getPrototypeOf(instance) as Record<string, Method | undefined>
  const original = prototype[name]
  if (original === undefined) return
  prototype[name] = function (this: unknown, given: unknown, second: unknown, third: unknown) {
    const first = prepare === undefined ? given : prepare(given)
    try {
      return original.call(this, first, second, third)
    } catch {
      diagnostics.count('attributes_unreadable')
      return rescue(this, original, first, second, third)
    }
  }
}

// The encoder takes names for text: one that is none makes it double its buffer until memory is full.
function textOf(name: unknown): string {
  return typeof name === 'string' ? name : JSON.stringify(toPlain(name))
}

/** A record whose texts are text, and whose body the encoder can walk: no cycle, no endless depth. */
function encodable(record: LogRecord): LogRecord {
  const { body, severityText, eventName } = record
  const isPlain = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  return {
    ...record,
    ...(!isPlain && { body: toPlain(body) }),
    ...(severityText !== undefined && { severityText: textOf(severityText) }),
    ...(eventName !== undefined && { eventName: textOf(eventName) }),
  }
}
