/** Remembers which spans were drawn, so that what comes late can be told from what belongs to a span still open. */
export interface DrawnSpans {
  has(traceId: string, spanId: string): boolean
  add(traceId: string, spanIds: Iterable<string>): void
}

/** Keeps the latest `maxSpans` spans, whole traces at a time. */
export function createDrawnSpans(maxSpans: number): DrawnSpans {
  const traces = new Map<string, Set<string>>()
  let kept = 0
  return {
    has: (traceId, spanId) => traces.get(traceId)?.has(spanId) === true,
    add: (traceId, spanIds) => {
      const spans = traces.get(traceId) ?? new Set()
      kept -= spans.size
      traces.delete(traceId)
      for (const spanId of spanIds) spans.add(spanId)
      traces.set(traceId, spans)
      kept += spans.size
      for (const [oldest, { size }] of traces) {
        if (kept <= maxSpans || oldest === traceId) break
        traces.delete(oldest)
        kept -= size
      }
    },
  }
}
