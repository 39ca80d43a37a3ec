import {
  type Context,
  createContextKey,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
} from '@opentelemetry/api'

const messageKey = createContextKey('signalbox.message')

/** True while a message to or from the application's own queue is written or read. */
export function isMessage(context: Context): boolean {
  return context.getValue(messageKey) === true
}

/**
 * Writes trace and tenant of a context for a message to the application's own queue.
 *
 * The queue is inside the trust boundary: baggage goes into the message whatever span is active.
 */
export function injectMessage(context: Context): Record<string, string> {
  const carrier: Record<string, string> = {}
  propagation.inject(context.setValue(messageKey, true), carrier, defaultTextMapSetter)
  return carrier
}

/**
 * Reads trace and tenant from a message of the application's own queue, into a context that holds nothing else.
 *
 * At an edge too: what `TELEMETRY_EDGE` distrusts are callers. Anything but an object of strings reads as empty.
 */
export function extractMessage(carrier: unknown): Context {
  const readable = typeof carrier === 'object' && carrier !== null ? carrier : {}
  const context = ROOT_CONTEXT.setValue(messageKey, true)
  return propagation.extract(context, readable, defaultTextMapGetter).deleteValue(messageKey)
}
