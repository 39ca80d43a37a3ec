import type { LogRecord, SpanOptions } from '@opentelemetry/api'
import { LoggerProvider } from '@opentelemetry/sdk-logs'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../diagnostics.ts'

type Method = (this: unknown, ...given: unknown[]) => unknown
type Rescue = (self: unknown, original: Method, given: unknown[]) => unknown

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
  guardMethod(tracer, 'startSpan', (self, original, [name, options, context]) => {
    const { attributes: _attributes, links: _links, ...readable } = options as SpanOptions
    return original.call(self, String(name), readable, context)
  })
  guardMethod(new LoggerProvider().getLogger('signalbox'), 'emit', (self, original, [record]) => {
    const { attributes: _attributes, exception: _exception, body, ...readable } = record as LogRecord
    return original.call(self, { ...readable, body: typeof body === 'string' ? body : 'unreadable body' })
  })
}

function guardMethod(instance: object, name: string, rescue: Rescue): void {
  const prototype = Object.getPrototypeOf(instance) as Record<string, Method | undefined>
  const original = prototype[name]
  if (original === undefined) return
  prototype[name] = function (this: unknown, ...given) {
    try {
      return original.apply(this, given)
    } catch {
      diagnostics.count('attributes_unreadable')
      return rescue(this, original, given)
    }
  }
}
