import type { Batch, OtlpOutcome } from '../backends/backend.ts'
import { attempt, type AttemptResult, readOtlpOutcome } from './attempt.ts'
import { Breaker } from './breaker.ts'
import { coalesced } from './coalesced.ts'
import { encodeNow } from './encode/shared-bytes.ts'
import type { LaneProblem, SignalStatus } from './ledger.ts'
import { Milestones } from './milestones.ts'
import { partsOf } from './request-parts.ts'
import { RequestStore } from './request-store.ts'
import { Setbacks } from './setbacks.ts'
import { type Said, StreamBooks } from './stream-books.ts'
import { deadlineGraceMs, type Split, type StreamOptions, type StreamState } from './stream-options.ts'
import { itemsOnDisk, type WaitingRequest } from './waiting-request.ts'

/** A request at which the backend's own code failed this often is dropped, so that it cannot hold the others for ever. */
const maxFaults = 5

/** What a firewall answers to what a request says; other refusals are of who sends it, and hold it. */
const aboutContent = 'http_403'

/**
 * One signal's way to one backend: encoded requests in line, some on their way, and the books.
 *
 * While the backend fails, one request at a time is tried; while it blocks, one now and then.
 */
export class OtlpStream {
  readonly #options: StreamOptions
  readonly #compression: 'gzip' | 'none'
  readonly #store: RequestStore
  readonly #books: StreamBooks
  readonly #milestones = new Milestones()
  readonly #breaker: Breaker
  readonly #setbacks: Setbacks
  readonly #onTheirWay = new Set<WaitingRequest>()
  #stop = new AbortController()
  #isResting = false
  #isClosed = false
  /** Sends soon what may be sent then. */
  readonly #wake: () => void

  constructor(options: StreamOptions) {
    const subject = `backend "${options.name}" (${options.signal})`
    this.#options = options
    this.#compression = options.backend.compression[options.signal] ?? 'none'
    this.#breaker = new Breaker(options.random, () => this.#pump())
    this.#wake = coalesced(options.schedule, () => this.#pump())
    this.#books = new StreamBooks(subject, options.queue, options.now, options.spool?.path)
    this.#store = new RequestStore({
      limits: options.queue,
      compression: this.#compression,
      spool: options.spool && { ...options.spool, subject },
      books: this.#books,
      onChange: () => {
        this.#look()
        this.#wake()
      },
    })
    const own = { random: options.random, store: this.#store, books: this.#books, breaker: this.#breaker }
    this.#setbacks = new Setbacks({ ...own, onDue: this.#wake })
  }

  /** Items that wait, those on their way and on disk included. */
  get queued(): number {
    return [...this.#onTheirWay].reduce((sum, { count }) => sum + count, this.#store.items)
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
    const request = this.#store.take(batch)
    this.#isResting = false
    this.#options.schedule(() => void this.#encode(batch, request))
  }

  hurry(): void {
    this.#isResting = false
    for (const request of this.#onTheirWay) request.isHurried = true
    this.#breaker.endPause()
    this.#store.hurry()
    this.#wake()
  }

  async settled(giveUp?: AbortSignal): Promise<void> {
    const reached = this.#milestones.reached(this.#store.lastSequence, giveUp)
    this.#look()
    await reached
    await this.#store.caughtUp()
  }

  rest(): void {
    if (this.#isClosed) return
    this.#isResting = true
    this.#interrupt()
  }

  /** Gives up; what is left goes to disk, or is dropped. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#interrupt()
    while (this.#onTheirWay.size > 0) await new Promise((resolve) => void setImmediate(resolve))
    await this.#store.idle()
    this.keepNow()
    await this.#store.close()
    this.#look()
  }

  /** Writes what is in memory alone to disk, at once, where there is a spool. */
  keepNow(): void {
    const { view } = this.#options.backend
    this.#store.keepNow([...this.#onTheirWay], (batch) => encodeNow(batch, view, this.#compression))
    for (const request of this.#onTheirWay) if (request.isSettled) this.#onTheirWay.delete(request)
  }

  status(open: number): SignalStatus {
    const onDisk = this.#store.itemsOnDisk + itemsOnDisk([...this.#onTheirWay])
    return this.#books.status(this.queued - onDisk, open, this.#options.spool && onDisk)
  }

  async #encode(batch: Batch, request: WaitingRequest): Promise<void> {
    const { body, count } = await batch.bytes(this.#options.backend.view, this.#compression)
    await this.#store.encoded(request, body, count, this.#breaker.isDown)
    this.#look()
    this.#pump()
  }

  #interrupt(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#breaker.endPause()
  }

  /** Sends what may be sent now. */
  #pump(): void {
    while (!this.#isResting && !this.#isClosed && !this.#breaker.isPausing) {
      const most = this.#breaker.isProbing ? 1 : this.#options.concurrency
      if (this.#onTheirWay.size >= most) return
      const maxAgeMs = this.#options.backend.maxAgeMs?.[this.#options.signal]
      const request = this.#store.next(this.#setbacks.patience, maxAgeMs)
      if (request === undefined) return
      this.#store.remove(request)
      this.#onTheirWay.add(request)
      void this.#send(request)
    }
  }

  async #send(request: WaitingRequest): Promise<void> {
    request.isHurried = false
    await this.#attempt(request)
    if (request.isSettled) this.#onTheirWay.delete(request)
    this.#look()
    this.#pump()
  }

  async #attempt(request: WaitingRequest): Promise<void> {
    const { backend, signal, timeoutMs } = this.#options
    const failedBefore = this.#setbacks.attempts
    const stop = this.#stop.signal
    const body = await this.#store.bodyOf(request)
    if (request.isSettled) return
    if (body === undefined) {
      return this.#store.drop(request, request.spooled === undefined ? 'spool_full' : 'spool_unreadable')
    }
    const result = await attempt(
      (abort) => backend.send({ signal, body, compression: request.compression }, abort),
      readOtlpOutcome,
      timeoutMs + deadlineGraceMs,
      stop,
    )
    if (request.isSettled) return
    if (result.kind === 'split') await this.#split(request, result)
    else await this.#conclude(request, result, failedBefore === this.#setbacks.attempts)
  }

  async #conclude(
    request: WaitingRequest,
    result: Exclude<AttemptResult<OtlpOutcome>, Split>,
    isNews: boolean,
  ): Promise<void> {
    if (result.kind === 'retry' && result.afterMs === undefined && this.#setbacks.blames(request)) {
      this.#books.kept('held', result)
      return (await this.#takeApart(request, 'size')) ? undefined : this.#setbacks.setApart(request)
    }
    this.#onTheirWay.delete(request)
    switch (result.kind) {
      case 'delivered':
        this.#books.delivered(request)
        this.#store.settle(request)
        return this.#breaker.works()
      case 'rejected':
        return this.#reject(request, result, result.count)
      case 'stopped':
        return this.#store.putBack(request)
      case 'retry':
        return this.#setbacks.holdBack(request, result, isNews, result.afterMs)
      case 'fault': {
        const fault = { reason: 'backend_error', message: result.message }
        request.faults += 1
        return request.faults < maxFaults
          ? this.#setbacks.holdBack(request, fault, isNews)
          : this.#reject(request, fault)
      }
      case 'blocked':
        if (result.reason === aboutContent && this.#setbacks.blames(request)) return this.#reject(request, result)
        return this.#setbacks.block(request, result, isNews)
    }
  }

  async #split(request: WaitingRequest, said: Split): Promise<void> {
    this.#books.note(said)
    if (await this.#takeApart(request, said.cause)) this.#breaker.works()
    else this.#reject(request, said)
  }

  /** Puts its halves in the place of a request; false where it cannot be taken apart. */
  async #takeApart(request: WaitingRequest, cause: Split['cause']): Promise<boolean> {
    const parts = await partsOf(request, cause)
    this.#onTheirWay.delete(request)
    if (parts !== undefined && !request.isSettled) this.#store.replace(request, parts)
    return parts !== undefined || request.isSettled
  }

  #reject(request: WaitingRequest, said: Said, count?: number): void {
    this.#books.rejected(request, said, count)
    this.#store.settle(request)
    this.#breaker.works()
  }

  #look(): void {
    const onTheirWay = [...this.#onTheirWay].map(({ sequence }) => sequence)
    this.#milestones.pass(Math.min(this.#store.oldestSequence, ...onTheirWay))
  }
}
