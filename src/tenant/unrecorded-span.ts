import {
  type Attributes,
  type Context,
  INVALID_SPAN_CONTEXT,
  type SpanContext,
  SpanKind,
  trace,
  type TraceState,
} from '@opentelemetry/api'
import { TraceState as W3CTraceState } from '@opentelemetry/core'
import { type Sampler, SamplingDecision, type SamplingResult } from '@opentelemetry/sdk-trace'
import { noAttributes } from './values.ts'

/**
 * The trace state of a span that is not recorded, with the two facts that only the sampler was told.
 *
 * Such a span has neither kind nor attributes, yet the tenant must travel with its request as with any other: its
 * kind says where a request begins, its server address whether the tenant may go there.
 */
class UnrecordedTraceState implements TraceState {
  readonly #state: TraceState
  readonly kind: SpanKind
  /** Server address and port, where the span is a call. */
  readonly destination: Attributes
  /** True where the request is one that nobody wants to see, such as a health check. */
  readonly ignored: boolean

  constructor(state: TraceState, kind: SpanKind, destination: Attributes, ignored: boolean) {
    // Of a span inside another unrecorded one: the trace state itself, not one wrapper in another.
    this.#state = state instanceof UnrecordedTraceState ? state.#state : state
    this.kind = kind
    this.destination = destination
    this.ignored = ignored
  }

  set(key: string, value: string): TraceState {
    return this.#state.set(key, value)
  }

  unset(key: string): TraceState {
    return this.#state.unset(key)
  }

  get(key: string): string | undefined {
    return this.#state.get(key)
  }

  serialize(): string {
    return this.#state.serialize()
  }
}

const emptyState: TraceState = new W3CTraceState()

/** The trace state of no span at all, in whose context queries are nobody's. */
class QuietTraceState extends W3CTraceState {}

/** A span context without a span: what is begun in it has no parent, but queries in it are not recorded. */
export const quietSpanContext: SpanContext = { ...INVALID_SPAN_CONTEXT, traceState: new QuietTraceState() }

function isQuiet(context: Context, attributes: Attributes): boolean {
  if (!(trace.getSpanContext(context)?.traceState instanceof QuietTraceState)) return false
  return attributes['db.system.name'] !== undefined || attributes['db.system'] !== undefined
}

/** What is known of a span that is not recorded. */
export function unrecordedSpan(
  spanContext: SpanContext,
): Pick<UnrecordedTraceState, 'kind' | 'destination' | 'ignored'> | undefined {
  return spanContext.traceState instanceof UnrecordedTraceState ? spanContext.traceState : undefined
}

/**
 * Wraps a sampler so that spans it leaves out keep their kind and server address; its decisions stay as they are.
 *
 * `isIgnored` is asked for the path of each incoming request: neither it nor anything inside it is recorded.
 */
export function rememberUnrecorded(sampler: Sampler, isIgnored: (path: string) => boolean = () => false): Sampler {
  const isLeftOut = (context: Context, kind: SpanKind, path: unknown): boolean => {
    if (kind === SpanKind.SERVER) return typeof path === 'string' && isIgnored(path)
    const parent = trace.getSpanContext(context)
    return parent !== undefined && unrecordedSpan(parent)?.ignored === true
  }
  return {
    shouldSample(context, traceId, spanName, spanKind, attributes, links): SamplingResult {
      const ignored = isLeftOut(context, spanKind, attributes['url.path']) || isQuiet(context, attributes)
      const result = ignored
        ? { decision: SamplingDecision.NOT_RECORD }
        : sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links)
      if (result.decision !== SamplingDecision.NOT_RECORD) return result
      const { 'server.address': address, 'server.port': port } = attributes
      const destination = address === undefined ? noAttributes : { 'server.address': address, 'server.port': port }
      const state = result.traceState ?? trace.getSpanContext(context)?.traceState ?? emptyState
      return { ...result, traceState: new UnrecordedTraceState(state, spanKind, destination, ignored) }
    },
    toString: () => sampler.toString(),
  }
}
