import {
  type Attributes,
  type Context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api'
import { Scope, scopeOf, withScope } from '../../tenant/scope.ts'
import { isIdentity } from '../../tenant/values.ts'
import { type Message, metaOf, paramsOf } from './sdk.ts'

type Meta = Readonly<Record<string, unknown>>

const getter: TextMapGetter<Meta> = {
  keys: (meta) => Object.keys(meta),
  get: (meta, key) => {
    const value = Object.hasOwn(meta, key) ? meta[key] : undefined
    return typeof value === 'string' ? value : undefined
  },
}

/** Where a message that came in belongs. */
export interface Origin {
  /** The context its span is started in. */
  readonly context: Context
  /** The span that has to do with it beside the parent. */
  readonly link: SpanContext | undefined
}

/**
 * Finds the parent of an incoming message between its `params._meta` (SEP-414) and the work it arrives in.
 *
 * A message that came in an HTTP request belongs under that request's span, which is where its trace is kept together,
 * and is linked with the caller's span that `_meta` names. Without an HTTP request around it, `_meta` names the parent
 * and a span that happens to be active is the link. Who the work is for is what the work around already knows; `_meta`
 * adds what is not known there, as far as the propagator lets it in. `ambientOf` is asked for the work around.
 */
export function originOf(
  message: Message,
  options: { readonly overHttp: boolean; readonly readsBaggage: boolean },
  ambientOf: (sent: SpanContext | undefined) => Context,
): Origin {
  const { baggage, ...fields } = metaOf(message) ?? {}
  const sent = validSpanContext(propagation.extract(ROOT_CONTEXT, fields, getter))
  const ambient = ambientOf(sent)
  const local = liveSpan(ambient)
  const around = local?.spanContext()
  const isSame = sent !== undefined && sent.spanId === around?.spanId
  const staysLocal = local !== undefined && (options.overHttp || sent === undefined || isSame)
  const parent = staysLocal ? around : sent
  // Signed baggage is good for one trace: the one the message ends up in, whatever else `_meta` says.
  const vouched = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
  const remote =
    baggage === undefined || !options.readsBaggage ? vouched : propagation.extract(vouched, { baggage }, getter)
  if (staysLocal) {
    const isKnown = isSame || sent?.spanId === parentIdOf(local)
    return { context: withSent(ambient, ambient, remote), link: isKnown ? undefined : sent }
  }
  const base = sent === undefined ? trace.deleteSpan(ambient) : trace.setSpanContext(ambient, sent)
  return { context: withSent(base, ambient, remote), link: around }
}

/** The context with the scope of the work around, and of what the message brought only what is not known there. */
function withSent(context: Context, ambient: Context, remote: Context): Context {
  const around = scopeOf(ambient)
  const sent = scopeOf(remote)
  const known = around?.attributes() ?? {}
  const isIdentified = Object.keys(known).some(isIdentity)
  let result = around === undefined ? context : withScope(context, around)
  if (sent !== undefined) {
    const added: Attributes = {}
    for (const [key, value] of Object.entries(sent.attributes()))
      if (known[key] === undefined && !(isIdentified && isIdentity(key))) added[key] = value
    const tenant = isIdentified ? undefined : sent.tenant()
    if (Object.keys(added).length > 0)
      result = withScope(result, new Scope('remote', Object.freeze(added), { parent: around, tenant }))
  }
  const baggage = propagation.getBaggage(remote)
  const takesBaggage = baggage !== undefined && !isIdentified && propagation.getBaggage(ambient) === undefined
  return takesBaggage ? propagation.setBaggage(result, baggage) : result
}

/**
 * The message with trace context and baggage of a context in `params._meta`; neither it nor its `params` are changed.
 *
 * Keys of the propagator that are already there are replaced or, where it has nothing to say, taken away: an
 * application that passes on the `_meta` it was called with must not pass on somebody's baggage.
 */
export function withMessageContext(message: Message, context: Context): Message {
  const fields: Record<string, string> = {}
  propagation.inject(context, fields)
  const before = metaOf(message)
  const stale = propagation.fields().filter((key) => before !== undefined && Object.hasOwn(before, key))
  if (stale.length === 0 && Object.keys(fields).length === 0) return message
  const kept = Object.entries(before ?? {}).filter(([key]) => !stale.includes(key))
  return { ...message, params: { ...paramsOf(message), _meta: { ...Object.fromEntries(kept), ...fields } } }
}

function validSpanContext(context: Context): SpanContext | undefined {
  const spanContext = trace.getSpanContext(context)
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined
}

/** The active span if it is one of this process and still open. */
function liveSpan(context: Context): Span | undefined {
  const span = trace.getSpan(context)
  if (span === undefined || (span as { readonly ended?: boolean }).ended === true) return undefined
  const spanContext = span.spanContext()
  return spanContext.isRemote === true || !isSpanContextValid(spanContext) ? undefined : span
}

function parentIdOf(span: Span): string | undefined {
  return (span as { readonly parentSpanContext?: SpanContext }).parentSpanContext?.spanId
}
