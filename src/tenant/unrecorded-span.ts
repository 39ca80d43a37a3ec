import { type SpanContext, type SpanKind, trace, type TraceState } from '@opentelemetry/api'
import { TraceState as W3CTraceState } from '@opentelemetry/core'
import { type Sampler, SamplingDecision, type SamplingResult } from '@opentelemetry/sdk-trace'

/**
 * The trace state of a span that is not recorded, with the two facts that only the sampler was told.
 *
 * Such a span has neither kind nor attributes, yet the tenant must travel with its request as with any other: its
 * kind says where a request begins, its server address whether the tenant may go there.
 */
class UnrecordedTraceState implements TraceState {
  readonly #state: TraceState
  readonly kind: SpanKind
  readonly serverAddress: string | undefined

  constructor(state: TraceState, kind: SpanKind, serverAddress: string | undefined) {
    // Of a span inside another unrecorded one: the trace state itself, not one wrapper in another.
    this.#state = state instanceof UnrecordedTraceState ? state.#state : state
    this.kind = kind
    this.serverAddress = serverAddress
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

/** What is known of a span that is not recorded. */
export function unrecordedSpan(
  spanContext: SpanContext,
): { readonly kind: SpanKind; readonly serverAddress: string | undefined } | undefined {
  return spanContext.traceState instanceof UnrecordedTraceState ? spanContext.traceState : undefined
}

/** Wraps a sampler so that spans it leaves out keep their kind and server address; its decisions stay as they are. */
export function rememberUnrecorded(sampler: Sampler): Sampler {
  return {
    shouldSample(context, traceId, spanName, spanKind, attributes, links): SamplingResult {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links)
      if (result.decision !== SamplingDecision.NOT_RECORD) return result
      const address = attributes['server.address']
      const state = result.traceState ?? trace.getSpanContext(context)?.traceState ?? emptyState
      const traceState = new UnrecordedTraceState(state, spanKind, typeof address === 'string' ? address : undefined)
      return { ...result, traceState }
    },
    toString: () => sampler.toString(),
  }
}
