import type { QueueLimits } from './queue.ts'
import type { WaitingRequest } from './waiting-request.ts'

/**
 * Requests in line, bounded by items and by bytes: what does not fit pushes out the oldest.
 *
 * The newest is never pushed out, so that a request larger than the bounds is held alone.
 */
export class RequestQueue {
  readonly #limits: QueueLimits
  #requests: WaitingRequest[] = []
  #items = 0
  #bytes = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get requests(): readonly WaitingRequest[] {
    return this.#requests
  }

  get items(): number {
    return this.#items
  }

  /** Puts requests in line by their place; returns what had to go for them, oldest first. */
  add(...added: readonly WaitingRequest[]): readonly WaitingRequest[] {
    for (const request of added) {
      let at = this.#requests.length
      while (at > 0 && (this.#requests[at - 1] as WaitingRequest).sequence > request.sequence) at -= 1
      this.#requests.splice(at, 0, request)
      this.#items += request.count
      this.#bytes += request.size
    }
    return this.#excess()
  }

  /** Puts parts of a request before the others of its place, in their order. */
  addFirst(...parts: readonly WaitingRequest[]): readonly WaitingRequest[] {
    const [first] = parts
    if (first === undefined) return []
    const at = this.#requests.findIndex(({ sequence }) => sequence >= first.sequence)
    this.#requests.splice(at === -1 ? this.#requests.length : at, 0, ...parts)
    for (const { count, size } of parts) {
      this.#items += count
      this.#bytes += size
    }
    return this.#excess()
  }

  /** Those at the head of the line that were closed longer ago. */
  olderThan(ageMs: number): readonly WaitingRequest[] {
    const before = performance.now() - ageMs
    const young = this.#requests.findIndex(({ closedAt }) => closedAt >= before)
    return this.#requests.slice(0, young === -1 ? undefined : young)
  }

  remove(request: WaitingRequest): void {
    const at = this.#requests.indexOf(request)
    if (at === -1) return
    this.#requests.splice(at, 1)
    this.#items -= request.count
    this.#bytes -= request.size
  }

  /** True where the request was still in line; it has these sizes from now on. */
  resize(request: WaitingRequest, count: number, size: number): boolean {
    const isInLine = this.#requests.lastIndexOf(request) !== -1
    if (isInLine) {
      this.#items += count - request.count
      this.#bytes += size - request.size
    }
    request.count = count
    request.size = size
    return isInLine
  }

  /** Takes out all. */
  clear(): readonly WaitingRequest[] {
    const requests = this.#requests
    this.#requests = []
    this.#items = 0
    this.#bytes = 0
    return requests
  }

  #excess(): readonly WaitingRequest[] {
    let excess = 0
    const last = this.#requests.length - 1
    while (excess < last && (this.#items > this.#limits.maxItems || this.#bytes > this.#limits.maxBytes)) {
      const request = this.#requests[excess] as WaitingRequest
      this.#items -= request.count
      this.#bytes -= request.size
      excess += 1
    }
    return excess === 0 ? [] : this.#requests.splice(0, excess)
  }
}
