import { SpanStatusCode } from '@opentelemetry/api'
import type { Span } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../diagnostics.ts'

/** Spans that are remembered; past it the oldest is forgotten: it may be one that nobody ever ends. */
const maxSpans = 4_096

/** The attribute of a span that had not ended when the process crashed. */
const interrupted = 'signalbox.interrupted'

/** The sampled spans that have started and not ended, the oldest first. */
export class OpenSpans {
  readonly #spans = new Set<Span>()

  add(span: Span): void {
    if (this.#spans.size >= maxSpans) this.#spans.delete(this.#spans.values().next().value as Span)
    this.#spans.add(span)
  }

  delete(span: object): void {
    this.#spans.delete(span as Span)
  }

  [Symbol.iterator](): Iterator<Span> {
    return this.#spans.values()
  }

  /** Ends them all, as far as they got: with `signalbox.interrupted`, and failed where they do not say otherwise. */
  interrupt(): void {
    // An inner span first, as if the work had thrown.
    for (const span of [...this.#spans].toReversed()) {
      try {
        span.setAttribute(interrupted, true)
        if (span.status.code === SpanStatusCode.UNSET) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: 'the process crashed before it ended' })
        }
        span.end()
      } catch {
        diagnostics.count('spans_failed')
      }
    }
    this.#spans.clear()
  }
}
