import { SpanKind, trace, type Context, type Span, type SpanContext } from '@opentelemetry/api'
import { ownScopeOf, Scope, scopeOfSpan, setScopeOfSpan, withScope } from './scope.ts'
import { unrecordedSpan } from './unrecorded-span.ts'
import { noAttributes } from './values.ts'

/** What the SDK's spans have beyond the API's; a non-recording span has none of it. */
type SdkSpan = Span & { readonly kind?: SpanKind; readonly parentSpanContext?: SpanContext }

/**
 * Gives a context that is being entered the scope its span belongs to.
 *
 * A span that has no local parent, or serves or consumes, opens a request of its own: a tenant bound inside it stays
 * inside it. Every other span is part of the request around it.
 */
export function enter(context: Context): Context {
  const span = trace.getSpan(context)
  if (span === undefined) return context
  const current = ownScopeOf(context)
  const known = scopeOfSpan(span)
  if (known !== undefined && (known.opener === span || !opensRequest(span))) {
    return current?.request === known.request ? context : withScope(context, known)
  }
  if (known === undefined && current !== undefined && continuesRequest(span, current)) {
    setScopeOfSpan(span, current)
    return context
  }
  const opened = openRequest(span, known ?? current)
  setScopeOfSpan(span, opened)
  return withScope(context, opened)
}

function openRequest(span: Span, around: Scope | undefined): Scope {
  if (around === undefined) return new Scope('request', noAttributes, { opener: span })
  // A snapshot, not a link: what another request learns later is not this one's business.
  return new Scope('request', around.attributes(), { opener: span, tenant: around.tenant() })
}

function opensRequest(span: SdkSpan): boolean {
  if (span.kind === undefined) return false
  return isEntry(span.kind) || span.parentSpanContext === undefined || span.parentSpanContext.isRemote === true
}

/** Tells of a span that is not recorded, and so says little of itself, whether it is part of a request. */
function continuesRequest(span: Span, scope: Scope): boolean {
  const spanContext = span.spanContext()
  const opener = scope.request.opener?.spanContext()
  if (spanContext.isRemote === true || spanContext.traceId !== opener?.traceId) return false
  const kind = unrecordedSpan(spanContext)?.kind
  return kind === undefined || !isEntry(kind)
}

function isEntry(kind: SpanKind): boolean {
  return kind === SpanKind.SERVER || kind === SpanKind.CONSUMER
}
