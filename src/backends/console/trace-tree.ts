import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** A span with what belongs inside it. */
export interface SpanNode {
  readonly span: ReadableSpan
  readonly children: SpanNode[]
  readonly logs: readonly ReadableLogRecord[]
}

/**
 * A trace, or a part of one, as it is drawn: `incomplete` where its local root has not ended, `continued` where the
 * spans above it were drawn before.
 */
export interface TraceTree {
  readonly traceId: string
  readonly state: 'complete' | 'incomplete' | 'continued'
  /** The local root; several spans where it is not there. */
  readonly tops: readonly SpanNode[]
  /** Log records whose span is not there. */
  readonly strayLogs: readonly ReadableLogRecord[]
}

/** Spans and log records of one trace; the logs by the id of their span. */
export interface TraceItems {
  readonly spans: ReadonlyMap<string, ReadableSpan>
  readonly logs: ReadonlyMap<string, readonly ReadableLogRecord[]>
}

/** True where a span has no parent in this service. */
export function isLocalRoot({ parentSpanContext }: ReadableSpan): boolean {
  return parentSpanContext === undefined || parentSpanContext.isRemote === true
}

/** The span and all spans below it; a local root below it is not: it is a tree of its own. */
export function treeBelow(root: ReadableSpan, items: TraceItems): SpanNode {
  const children = childrenOf(items)
  return nodeOf(root, items, children, new Set())
}

/** Everything there is, under the spans whose parents are not there. */
export function treesOf(items: TraceItems): { tops: SpanNode[]; strayLogs: ReadableLogRecord[] } {
  const children = childrenOf(items)
  const taken = new Set<string>()
  const tops: SpanNode[] = []
  for (const span of items.spans.values()) {
    const parent = span.parentSpanContext?.spanId
    const isTop = isLocalRoot(span) || parent === undefined || !items.spans.has(parent)
    if (isTop) tops.push(nodeOf(span, items, children, taken))
  }
  // What is left are parents in a circle, which only a broken propagator can make.
  for (const [id, span] of items.spans) if (!taken.has(id)) tops.push(nodeOf(span, items, children, taken))
  const strayLogs = [...items.logs].filter(([id]) => !items.spans.has(id)).flatMap(([, logs]) => logs)
  return { tops, strayLogs }
}

/** All spans of a tree, parents first. */
export function* walk(tops: readonly SpanNode[]): Generator<SpanNode> {
  const waiting = [...tops].reverse()
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node
    for (let index = node.children.length - 1; index >= 0; index -= 1) waiting.push(node.children[index] as SpanNode)
  }
}

function childrenOf({ spans }: TraceItems): Map<string, ReadableSpan[]> {
  const children = new Map<string, ReadableSpan[]>()
  for (const span of spans.values()) {
    const parent = span.parentSpanContext?.spanId
    if (parent === undefined || isLocalRoot(span)) continue
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [span])
    else siblings.push(span)
  }
  return children
}

function nodeOf(
  root: ReadableSpan,
  items: TraceItems,
  children: ReadonlyMap<string, readonly ReadableSpan[]>,
  taken: Set<string>,
): SpanNode {
  const make = (span: ReadableSpan): SpanNode => {
    const { spanId } = span.spanContext()
    taken.add(spanId)
    return { span, children: [], logs: items.logs.get(spanId) ?? [] }
  }
  const top = make(root)
  const waiting = [top]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const child of children.get(node.span.spanContext().spanId) ?? []) {
      if (taken.has(child.spanContext().spanId)) continue
      const below = make(child)
      node.children.push(below)
      waiting.push(below)
    }
  }
  return top
}
