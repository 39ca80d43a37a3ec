import type { Batch, OtlpOutcome } from '../backends/backend.ts'
import { attempt, type AttemptResult, readOtlpOutcome } from './attempt.ts'
import { Breaker } from './breaker.ts'
import type { LaneProblem, SignalStatus } from './ledger.ts'
import { type Said, StreamBooks } from './stream-books.ts'
import type { Split, StreamOptions, StreamState } from './stream-options.ts'
import { Milestones } from './milestones.ts'
import { RequestQueue } from './request-queue.ts'
import { type WaitingRequest, waitingRequest } from './waiting-request.ts'
import { partsOf } from './request-parts.ts'

/** A request at which the backend's own code failed this often is dropped, so that it cannot hold the others for ever. */
const maxFaults = 5

/** What an entry takes in memory beside its body. */
const bytesBesideBody = 300

/** Refusals of a request, with others taken in between, after which it is the request that is to blame. */
const mostRefusals = 3

/**
 * One signal's way to one backend: encoded requests in line, some on their way, and the books.
 *
 * While the backend fails, one request at a time is tried; while it blocks, one now and then.
 */
export class OtlpStream {
  readonly #options: StreamOptions
  readonly #queue: RequestQueue
  readonly #books: StreamBooks
  readonly #milestones = new Milestones()
  readonly #breaker: Breaker
  readonly #onTheirWay = new Set<WaitingRequest>()
  #stop = new AbortController()
  #sequence = 0
  #failedAttempts = 0
  #isResting = false
  #isClosed = false
  #isWoken = false

  constructor(options: StreamOptions) {
    this.#options = options
    this.#queue = new RequestQueue(options.queue)
    this.#breaker = new Breaker(options.random, () => this.#pump())
    this.#books = new StreamBooks(`backend "${options.name}" (${options.signal})`, options.queue, options.now)
  }

  /** Items that wait, those on their way included. */
  get queued(): number {
    let items = this.#queue.items
    for (const { count } of this.#onTheirWay) items += count
    return items
  }

  get lost(): number {
    return this.#books.lost
  }

  get lastProblem(): LaneProblem | undefined {
    return this.#books.lastProblem
  }

  get state(): StreamState {
    if (this.#isClosed) return 'closed'
    if (this.#onTheirWay.size > 0) return 'sending'
    if (this.#breaker.isBlocked) return 'blocked'
    return this.#breaker.isPausing ? 'waiting' : 'idle'
  }

  offer(batch: Batch): void {
    this.#books.accepted(batch.count)
    if (this.#isClosed) return this.#books.dropped('shutdown', batch.count)
    const request = waitingRequest((this.#sequence += 1), batch)
    this.#evict(this.#queue.add(request))
    this.#isResting = false
    this.#options.schedule(() => void this.#encode(batch, request))
  }

  hurry(): void {
    this.#isResting = false
    this.#breaker.endPause()
    this.#wake()
  }

  settled(): Promise<void> {
    const reached = this.#milestones.reached(this.#sequence)
    this.#look()
    return reached
  }

  rest(): void {
    if (this.#isClosed) return
    this.#isResting = true
    this.#interrupt()
  }

  /** Gives up, and drops what is left. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#interrupt()
    while (this.#onTheirWay.size > 0) await new Promise((resolve) => void setImmediate(resolve))
    for (const { count } of this.#queue.clear()) this.#books.dropped('shutdown', count)
    this.#look()
  }

  status(open: number): SignalStatus {
    return this.#books.status(this.queued, open)
  }

  async #encode(batch: Batch, request: WaitingRequest): Promise<void> {
    const { backend, signal } = this.#options
    const { body, count } = await batch.bytes(backend.view, backend.compression[signal] ?? 'none')
    const unreadable = request.count - count
    if (!this.#queue.resize(request, count, body.length + bytesBesideBody)) return
    this.#books.dropped('unreadable', unreadable)
    request.body = body
    if (count === 0) this.#queue.remove(request)
    this.#look()
    this.#pump()
  }

  #interrupt(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#breaker.endPause()
  }

  #wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    this.#options.schedule(() => {
      this.#isWoken = false
      this.#pump()
    })
  }

  /** Sends what may be sent now. */
  #pump(): void {
    while (!this.#isResting && !this.#isClosed && !this.#breaker.isPausing) {
      const most = this.#breaker.isProbing ? 1 : this.#options.concurrency
      if (this.#onTheirWay.size >= most) return
      const request = this.#next()
      if (request?.body === undefined) return
      this.#queue.remove(request)
      this.#onTheirWay.add(request)
      void this.#send(request, request.body)
    }
  }

  /** The oldest; while everything is refused in turn the one after it, in case it is the request that is to blame. */
  #next(): WaitingRequest | undefined {
    const maxAgeMs = this.#options.backend.maxAgeMs?.[this.#options.signal] ?? Infinity
    for (const request of this.#queue.olderThan(maxAgeMs)) {
      this.#queue.remove(request)
      this.#books.dropped('too_old', request.count)
      this.#look()
    }
    const [first, second] = this.#queue.requests
    return this.#breaker.isBlocked && second !== undefined && (first?.refusals ?? 0) > second.refusals ? second : first
  }

  async #send(request: WaitingRequest, body: Uint8Array): Promise<void> {
    const { backend, signal, timeoutMs } = this.#options
    const failedBefore = this.#failedAttempts
    const compression = backend.compression[signal] ?? 'none'
    const result = await attempt(
      (stop) => backend.send({ signal, body, compression }, stop),
      readOtlpOutcome,
      timeoutMs,
      this.#stop.signal,
    )
    if (result.kind === 'split') await this.#split(request, body, result)
    else this.#conclude(request, result, failedBefore === this.#failedAttempts)
    this.#look()
    this.#pump()
  }

  #conclude(request: WaitingRequest, result: Exclude<AttemptResult<OtlpOutcome>, Split>, isNews: boolean): void {
    this.#onTheirWay.delete(request)
    switch (result.kind) {
      case 'delivered':
        this.#books.delivered(request)
        return this.#breaker.works()
      case 'rejected':
        return this.#reject(request, result, result.count)
      case 'stopped':
        return this.#putBack(request)
      case 'retry':
        return this.#holdBack(request, result, isNews, result.afterMs)
      case 'fault': {
        const fault = { reason: 'backend_error', message: result.message }
        request.faults += 1
        return request.faults < maxFaults ? this.#holdBack(request, fault, isNews) : this.#reject(request, fault)
      }
      case 'blocked':
        return this.#block(request, result)
    }
  }

  #putBack(request: WaitingRequest): void {
    this.#evict(this.#queue.addFirst(request))
  }

  #holdBack(request: WaitingRequest, said: Said, isNews: boolean, afterMs?: number): void {
    this.#failedAttempts += 1
    this.#books.kept('held', said)
    this.#putBack(request)
    this.#breaker.fails(isNews, afterMs)
  }

  #block(request: WaitingRequest, said: Said): void {
    request.refusals += 1
    if (request.refusals === 1) request.settledBefore = this.#books.settledRequests
    if (request.refusals >= mostRefusals && this.#books.settledRequests > request.settledBefore) {
      return this.#reject(request, said)
    }
    this.#failedAttempts += 1
    this.#books.kept('blocked', said)
    this.#putBack(request)
    this.#breaker.blocks(request.refusals)
  }

  async #split(request: WaitingRequest, body: Uint8Array, said: Split): Promise<void> {
    const compression = this.#options.backend.compression[this.#options.signal] ?? 'none'
    const parts = request.count > 1 ? await partsOf(request, body, compression, said.cause) : undefined
    this.#onTheirWay.delete(request)
    if (parts === undefined) return this.#reject(request, said)
    this.#breaker.works()
    this.#books.note(said)
    this.#evict(this.#queue.addFirst(...parts))
  }

  #reject(request: WaitingRequest, said: Said, count?: number): void {
    this.#books.rejected(request, said, count)
    this.#breaker.works()
  }

  #evict(evicted: readonly WaitingRequest[]): void {
    if (evicted.length === 0) return
    for (const { count } of evicted) this.#books.evicted(count)
    this.#look()
  }

  #look(): void {
    let oldest = this.#queue.requests[0]?.sequence ?? Infinity
    for (const { sequence } of this.#onTheirWay) oldest = Math.min(oldest, sequence)
    this.#milestones.pass(oldest)
  }
}
