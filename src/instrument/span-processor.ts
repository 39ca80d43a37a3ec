import { TraceFlags, type Context } from '@opentelemetry/api'
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../diagnostics.ts'
import type { OpenSpans } from './open-spans.ts'
import { scopeOf, scopeOfSpan, setScopeOfSpan } from '../tenant/scope.ts'
import { stamp } from './stamp.ts'

/**
 * Stamps each span with the attributes of the work it was part of, and hands it on.
 *
 * Stamping waits for the span's end, so that a tenant bound after the span began is on it too. The attributes are
 * written past the span's attribute limit: a span full of other attributes still says whose it is. What the
 * application set on the span itself stays. `complete` may add to it, or tell that it is not worth keeping. Until it ends
 * a span is among the `openSpans`.
 */
export function stampingSpanProcessor(
  deliver: (span: ReadableSpan) => void,
  complete: (span: ReadableSpan) => boolean = () => true,
  openSpans?: OpenSpans,
): SpanProcessor {
  return {
    onStart(span: Span, parentContext: Context): void {
      const scope = scopeOf(parentContext)
      if (scope !== undefined) setScopeOfSpan(span, scope)
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) openSpans?.add(span)
    },
    onEnd(span: ReadableSpan): void {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
      openSpans?.delete(span)
      try {
        const scope = scopeOfSpan(span)
        if (scope !== undefined) stamp(span.attributes, scope.attributes())
        if (complete(span)) deliver(span)
      } catch (error) {
        diagnostics.count('spans_failed')
        diagnostics.once('error', `a span could not be taken: ${String(error)}`, 'spans_failed')
      }
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
}
