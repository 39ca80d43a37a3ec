import { type Attributes, context, isSpanContextValid, trace } from '@opentelemetry/api'
import { currentAttributes } from '../tenant/current.ts'
import { internalOf, pino } from './pino.ts'

type Fields = Record<string, unknown>

const none: ReadonlySet<string> = new Set()
const bound = new WeakMap<object, { readonly text: string; readonly keys: ReadonlySet<string> }>()

/**
 * The fields that tie a line to its trace and its tenant: `trace_id`, `span_id`, `trace_flags` inside a span, and the
 * attributes of the work.
 *
 * A key that the logger has as a binding (`logger.child(acme)`) is left out, as pino would write it twice; so is the
 * rest of a tenant where the line names another one.
 */
export function correlationOf(given: object, logger: object): Fields {
  const bindings = boundKeys(logger)
  const active = context.active()
  const fields = workFields(currentAttributes(active), given as Fields, bindings)
  const spanContext = trace.getSpanContext(active)
  if (spanContext !== undefined && isSpanContextValid(spanContext) && !bindings.has('trace_id')) {
    fields['trace_id'] = spanContext.traceId
    fields['span_id'] = spanContext.spanId
    fields['trace_flags'] = spanContext.traceFlags & 1 ? '01' : '00'
  }
  return fields
}

function workFields(attributes: Readonly<Attributes>, given: Fields, bindings: ReadonlySet<string>): Fields {
  const tenant = attributes['tenant.id']
  const isForeign = tenant !== undefined && (bindings.has('tenant.id') || (given['tenant.id'] ?? tenant) !== tenant)
  // One spread makes all such objects share a hidden class, which pino then reads twice as fast.
  if (!isForeign && !sharesKey(bindings, attributes)) return { ...attributes }
  const fields: Fields = {}
  for (const key in attributes) {
    if (!bindings.has(key) && !(isForeign && key.startsWith('tenant.'))) fields[key] = attributes[key]
  }
  return fields
}

function sharesKey(bindings: ReadonlySet<string>, attributes: Readonly<Attributes>): boolean {
  for (const key in attributes) if (bindings.has(key)) return true
  return false
}

/** The keys of a logger's bindings, parsed once and again where `setBindings` changed them. */
function boundKeys(logger: object): ReadonlySet<string> {
  const text = internalOf(logger, pino.symbols.chindingsSym)
  if (typeof text !== 'string' || text === '') return none
  const seen = bound.get(logger)
  if (seen !== undefined && seen.text === text) return seen.keys
  let keys = none
  try {
    keys = new Set(Object.keys(JSON.parse(`{${text.slice(1)}}`) as object))
  } catch {
    // bindings that are no JSON cannot be compared; a key may then be there twice
  }
  bound.set(logger, { text, keys })
  return keys
}
