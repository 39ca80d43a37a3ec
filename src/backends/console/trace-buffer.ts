import { TraceFlags } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { createDrawnSpans } from './drawn-spans.ts'
import { toMs } from './time.ts'
import { isLocalRoot, type TraceTree, treeBelow, treesOf, walk } from './trace-tree.ts'

export interface BufferLimits {
  /** Unfinished traces kept; past it the oldest is drawn as it is. */
  readonly maxTraces: number
  /** Spans and log records kept of one trace; past it the trace is drawn as it is. */
  readonly maxTraceItems: number
  /** Spans and log records kept of all traces; past it the oldest trace is drawn as it is. */
  readonly maxItems: number
  /** Milliseconds a trace is kept unfinished; past it, it is drawn as it is. */
  readonly maxAgeMs: number
}

/** What a {@link TraceBuffer} hands on. */
export interface Drawing {
  readonly tree: (tree: TraceTree) => void
  /** A log record that belongs to no span that is still to be drawn. */
  readonly log: (record: ReadableLogRecord) => void
}

/** Collects the spans and log records of each trace until its local root has ended. Nothing is dropped. */
export interface TraceBuffer {
  addSpans(spans: readonly ReadableSpan[]): void
  addLogs(records: readonly ReadableLogRecord[]): void
  /** Draws what is due; returns the milliseconds until something else is, or undefined. */
  drawDue(): number | undefined
  /** Draws everything, finished or not. */
  drawAll(): void
}

// A batch closes a second after its first item, so a log record is here this long after its span's end at the latest;
// a tree waits no less than the shorter time for the batch that was closed together with its own.
const logLagMs = 1_150
const minHoldMs = 150

/** Clocks of spans and of log records may differ by this. */
const clockSkewMs = 5

/** How long log records wait for their span before any span has come: traces may not be delivered here at all. */
const logsOnlyAgeMs = 2_500

const maxDrawnSpans = 20_000

interface OpenTrace {
  readonly traceId: string
  readonly sinceMs: number
  readonly spans: Map<string, ReadableSpan>
  readonly logs: Map<string, ReadableLogRecord[]>
  /** Ended local roots by span id, with the time at which each is to be drawn. */
  readonly roots: Map<string, number>
  items: number
}

export function createTraceBuffer(limits: BufferLimits, drawing: Drawing, now: () => number): TraceBuffer {
  const open = new Map<string, OpenTrace>()
  const drawn = createDrawnSpans(maxDrawnSpans)
  let hadSpans = false
  let items = 0

  const openTrace = (traceId: string): OpenTrace => {
    const known = open.get(traceId)
    if (known !== undefined) return known
    if (open.size >= limits.maxTraces) drawOldest()
    const trace = { traceId, sinceMs: now(), spans: new Map(), logs: new Map(), roots: new Map(), items: 0 }
    open.set(traceId, trace)
    return trace
  }

  const count = (trace: OpenTrace): void => {
    trace.items += 1
    items += 1
    if (trace.items >= limits.maxTraceItems) drawRest(trace)
    if (items >= limits.maxItems) drawOldest()
  }

  const drawOldest = (): void => {
    const oldest = open.values().next().value
    if (oldest !== undefined) drawRest(oldest)
  }

  const isContinuation = (span: ReadableSpan): boolean =>
    span.parentSpanContext !== undefined &&
    !isLocalRoot(span) &&
    drawn.has(span.spanContext().traceId, span.parentSpanContext.spanId)

  const emit = (tree: TraceTree): void => {
    drawn.add(
      tree.traceId,
      [...walk(tree.tops)].map(({ span }) => span.spanContext().spanId),
    )
    drawing.tree(tree)
  }

  const drawRoot = (trace: OpenTrace, rootId: string): void => {
    const root = trace.spans.get(rootId)
    trace.roots.delete(rootId)
    if (root === undefined) return
    const top = treeBelow(root, trace)
    for (const { span, logs } of walk([top])) {
      const { spanId } = span.spanContext()
      trace.spans.delete(spanId)
      trace.logs.delete(spanId)
      trace.items -= 1 + logs.length
      items -= 1 + logs.length
    }
    emit({ traceId: trace.traceId, state: isContinuation(root) ? 'continued' : 'complete', tops: [top], strayLogs: [] })
    if (trace.items <= 0) open.delete(trace.traceId)
  }

  const drawRest = (trace: OpenTrace): void => {
    for (const rootId of trace.roots.keys()) drawRoot(trace, rootId)
    open.delete(trace.traceId)
    items -= trace.items
    if (trace.spans.size === 0) {
      for (const records of trace.logs.values()) for (const record of records) drawing.log(record)
      return
    }
    emit({ traceId: trace.traceId, state: 'incomplete', ...treesOf(trace) })
  }

  const addSpan = (span: ReadableSpan): void => {
    const { traceId, spanId } = span.spanContext()
    const trace = openTrace(traceId)
    trace.spans.set(spanId, span)
    if (isLocalRoot(span) || isContinuation(span)) {
      const atMs = now()
      const lagEndsMs = toMs(span.endTime) + logLagMs
      trace.roots.set(spanId, Math.min(atMs + logLagMs, Math.max(atMs + minHoldMs, lagEndsMs)))
    }
    count(trace)
  }

  const addLog = (record: ReadableLogRecord): void => {
    const context = record.spanContext
    const isWaiting =
      context !== undefined &&
      (context.traceFlags & TraceFlags.SAMPLED) !== 0 &&
      context.isRemote !== true &&
      !drawn.has(context.traceId, context.spanId)
    if (!isWaiting) return drawing.log(record)
    const trace = openTrace(context.traceId)
    const records = trace.logs.get(context.spanId)
    if (records === undefined) trace.logs.set(context.spanId, [record])
    else records.push(record)
    count(trace)
  }

  /** Log records come in the order in which they were written: none from before `untilMs` is still to come. */
  const logsAreHere = (untilMs: number): void => {
    for (const { spans, roots } of open.values()) {
      for (const rootId of roots.keys()) {
        const root = spans.get(rootId)
        if (root !== undefined && toMs(root.endTime) + clockSkewMs < untilMs) roots.set(rootId, 0)
      }
    }
  }

  const ageOf = (trace: OpenTrace): number => {
    const isLogsOnly = !hadSpans && trace.spans.size === 0
    return isLogsOnly ? Math.min(logsOnlyAgeMs, limits.maxAgeMs) : limits.maxAgeMs
  }

  return {
    addSpans: (spans) => {
      hadSpans ||= spans.length > 0
      for (const span of spans) addSpan(span)
    },
    addLogs: (records) => {
      for (const record of records) addLog(record)
      const last = records.at(-1)
      if (last !== undefined) logsAreHere(toMs(last.hrTimeObserved))
    },
    drawDue: () => {
      const atMs = now()
      let nextMs = Number.POSITIVE_INFINITY
      for (const trace of open.values()) {
        for (const [rootId, dueMs] of trace.roots) if (dueMs <= atMs) drawRoot(trace, rootId)
        if (!open.has(trace.traceId)) continue
        const endsMs = trace.sinceMs + ageOf(trace)
        if (endsMs <= atMs) drawRest(trace)
        else nextMs = Math.min(nextMs, endsMs, ...trace.roots.values())
      }
      return nextMs === Number.POSITIVE_INFINITY ? undefined : Math.max(1, nextMs - atMs)
    },
    drawAll: () => {
      for (const trace of open.values()) drawRest(trace)
    },
  }
}
