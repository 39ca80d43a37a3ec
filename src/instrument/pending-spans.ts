import { randomBytes } from 'node:crypto'
import type { ReadableSpan, Span } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../diagnostics.ts'
import { scopeOfSpan } from '../tenant/scope.ts'
import type { OpenSpans } from './open-spans.ts'
import { stamp } from './stamp.ts'

/** How long a span is open before it is shown: most end sooner, and come by themselves. */
const leastAgeMs = 1_000

const noParent = '0'.repeat(16)

/**
 * Shows spans that have been open for a second, once each, as Logfire's pending spans; returns a function that ends it.
 *
 * A pending span is a child of the span itself, of no duration, with what the span has so far. Logfire shows it until the
 * span has ended.
 * https://github.com/pydantic/logfire (`PendingSpanProcessor`)
 */
export function showPendingSpans(spans: OpenSpans, show: (pending: readonly ReadableSpan[]) => void): () => void {
  const shown = new WeakSet<Span>()
  const look = (): void => {
    const pending: ReadableSpan[] = []
    const nowMs = Date.now()
    for (const span of spans) {
      if (shown.has(span) || nowMs - startMs(span) < leastAgeMs) continue
      shown.add(span)
      try {
        pending.push(pendingSpan(span))
      } catch {
        diagnostics.count('spans_failed')
      }
    }
    if (pending.length > 0) show(pending)
  }
  const timer = setInterval(look, leastAgeMs / 2)
  timer.unref()
  return () => clearInterval(timer)
}

function startMs({ startTime: [seconds, nanoseconds] }: Span): number {
  return seconds * 1_000 + nanoseconds / 1e6
}

function pendingSpan(span: Span): ReadableSpan {
  const own = span.spanContext()
  const spanId = randomBytes(8).toString('hex')
  const attributes = { ...span.attributes }
  const scope = scopeOfSpan(span)
  if (scope !== undefined) stamp(attributes, scope.attributes())
  attributes['logfire.span_type'] = 'pending_span'
  attributes['logfire.pending_parent_id'] = span.parentSpanContext?.spanId ?? noParent
  const { name, kind, startTime, status, links, resource, instrumentationScope } = span
  return {
    name,
    kind,
    spanContext: () => ({ ...own, spanId }),
    parentSpanContext: own,
    startTime,
    endTime: startTime,
    duration: [0, 0],
    status: { ...status },
    attributes,
    links: [...links],
    events: [],
    ended: true,
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}
