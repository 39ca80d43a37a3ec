import type { QueueLimits } from './queue.ts'
import { bytesBesideBody, type WaitingRequest } from './waiting-request.ts'

/** Requests in line, by their place; their items and bytes in memory are bounded. */
export class RequestQueue {
  readonly #limits: QueueLimits
  #requests: WaitingRequest[] = []
  #items = 0
  #held = 0
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

  /** Puts a request in line behind those of its place and before. */
  add(request: WaitingRequest): void {
    let at = this.#requests.length
    while (at > 0 && (this.#requests[at - 1] as WaitingRequest).sequence > request.sequence) at -= 1
    this.#insert(at, [request])
  }

  /** Puts requests of one place before the others of it, in their order. */
  addFirst(...requests: readonly WaitingRequest[]): void {
    const [first] = requests
    if (first === undefined) return
    const at = this.#requests.findIndex(({ sequence }) => sequence >= first.sequence)
    this.#insert(at === -1 ? this.#requests.length : at, requests)
  }

  remove(request: WaitingRequest): void {
    const at = this.#requests.indexOf(request)
    if (at === -1) return
    this.#requests.splice(at, 1)
    this.#count(request, -1)
  }

  has(request: WaitingRequest): boolean {
    return this.#requests.lastIndexOf(request) !== -1
  }

  /** Changes what a request takes; right whether or not it is in line. */
  resize(request: WaitingRequest, sizes: Partial<Pick<WaitingRequest, 'count' | 'held' | 'size'>>): void {
    const isInLine = this.has(request)
    if (isInLine) this.#count(request, -1)
    Object.assign(request, sizes)
    if (isInLine) this.#count(request, 1)
  }

  /** The first that is due and has had no more setbacks than another one that is due and `patience` together. */
  next(patience: number): WaitingRequest | undefined {
    const now = performance.now()
    if (patience === Infinity) return this.#requests.find(({ notBefore }) => notBefore <= now)
    const due = this.#requests.filter(({ notBefore }) => notBefore <= now)
    const least = due.reduce((found, { setbacks }) => Math.min(found, setbacks), Infinity)
    return due.find(({ setbacks }) => setbacks <= least + patience)
  }

  /** All are due. */
  hurry(): void {
    for (const request of this.#requests) request.notBefore = 0
  }

  /** Those at the head of the line that were closed longer ago. */
  olderThan(ageMs: number): readonly WaitingRequest[] {
    const before = performance.now() - ageMs
    const young = this.#requests.findIndex(({ closedAt }) => closedAt >= before)
    return this.#requests.slice(0, young === -1 ? undefined : young)
  }

  /**
   * The oldest that takes room where there is not enough; never the newest, so that a large one is held alone.
   *
   * One that is still being encoded is spared, as it will be small in a moment, up to twice the limits.
   */
  excess(): WaitingRequest | undefined {
    if (!this.#isOver(1)) return undefined
    const others = this.#requests.slice(0, -1)
    const encoded = others.find(({ body, held, size }) => body !== undefined && (held > 0 || size > bytesBesideBody))
    return encoded ?? (this.#isOver(2) ? others.find(({ held }) => held > 0) : undefined)
  }

  #isOver(times: number): boolean {
    return this.#held > times * this.#limits.maxItems || this.#bytes > times * this.#limits.maxBytes
  }

  /** Takes out all. */
  clear(): readonly WaitingRequest[] {
    const requests = this.#requests
    this.#requests = []
    this.#items = 0
    this.#held = 0
    this.#bytes = 0
    return requests
  }

  #insert(at: number, requests: readonly WaitingRequest[]): void {
    this.#requests.splice(at, 0, ...requests)
    for (const request of requests) this.#count(request, 1)
  }

  #count({ count, held, size }: WaitingRequest, sign: 1 | -1): void {
    this.#items += sign * count
    this.#held += sign * held
    this.#bytes += sign * size
  }
}
