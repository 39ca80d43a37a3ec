import { SpanStatusCode } from '@opentelemetry/api'
import type { Span } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../diagnostics.ts'

/** Spans that are remembered; past it the oldest is forgotten: it may be one that nobody ever ends. */
const maxSpans = 4_096

/** The attribute of a span that had not ended when the process crashed. */
const interrupted = 'signalbox.interrupted'

const older = Symbol('signalbox.older')
const newer = Symbol('signalbox.newer')

/** A span among the open ones has its neighbours, or null at the ends. */
type Linked = Span & { [older]?: Linked | null | undefined; [newer]?: Linked | null | undefined }

/**
 * The sampled spans that have started and not ended, the oldest first.
 *
 * A list, and no `Set`: one that changes all the time leaves behind tables that refer to each other and to the spans of
 * their time, and those that are old keep the others.
 */
export class OpenSpans {
  #oldest: Linked | null = null
  #newest: Linked | null = null
  #count = 0

  add(span: Span): void {
    const added = span as Linked
    if (this.#count >= maxSpans && this.#oldest !== null) this.delete(this.#oldest)
    added[older] = this.#newest
    added[newer] = null
    if (this.#newest === null) this.#oldest = added
    else this.#newest[newer] = added
    this.#newest = added
    this.#count += 1
  }

  delete(span: object): void {
    const left = span as Linked
    const [before, after] = [left[older], left[newer]]
    if (before === undefined || after === undefined) return
    if (before === null) this.#oldest = after
    else before[newer] = after
    if (after === null) this.#newest = before
    else after[older] = before
    left[older] = undefined
    left[newer] = undefined
    this.#count -= 1
  }

  *[Symbol.iterator](): Generator<Span> {
    for (let span = this.#oldest; span !== null; span = span[newer] ?? null) yield span
  }

  /** Ends them all, as far as they got: with `signalbox.interrupted`, and failed where they do not say otherwise. */
  interrupt(): void {
    // An inner span first, as if the work had thrown.
    for (const span of [...this].toReversed()) {
      try {
        span.setAttribute(interrupted, true)
        if (span.status.code === SpanStatusCode.UNSET) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: 'the process crashed before it ended' })
        }
        span.end()
      } catch {
        diagnostics.count('spans_failed')
      }
      this.delete(span)
    }
  }
}
