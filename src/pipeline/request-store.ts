import type { Batch } from '../backends/backend.ts'
import type { Encoded } from './encode/encoder.ts'
import { keepNow } from './keep-now.ts'
import type { QueueLimits } from './queue.ts'
import { RequestQueue } from './request-queue.ts'
import type { SpoolEntry } from './spool/spool.ts'
import type { StreamBooks } from './stream-books.ts'
import { StreamSpool, type StreamSpoolOptions } from './stream-spool.ts'
import {
  bytesBesideBody,
  type Compression,
  itemsOnDisk,
  requestOfBatch,
  requestOnDisk,
  type WaitingRequest,
} from './waiting-request.ts'

export interface RequestStoreOptions {
  readonly limits: QueueLimits
  /** Of what is encoded from now on. */
  readonly compression: Compression
  readonly spool: Pick<StreamSpoolOptions, 'mode' | 'path' | 'maxBytes' | 'subject'> | undefined
  readonly books: StreamBooks
  /** Called when requests came or went by themselves. */
  readonly onChange: () => void
}

/** Longest that anything is kept where the receiver has no word on it: a week. */
const defaultMaxAgeMs = 7 * 24 * 3_600_000

/** The requests of a stream that are not on their way: in memory up to its limits, and on disk. */
export class RequestStore {
  readonly #options: RequestStoreOptions
  readonly #queue: RequestQueue
  readonly #spool: StreamSpool | undefined
  /** The place of the newest. */
  lastSequence = 0
  #firstSequence = 0

  constructor(options: RequestStoreOptions) {
    this.#options = options
    this.#queue = new RequestQueue(options.limits)
    this.#spool =
      options.spool &&
      new StreamSpool({
        ...options.spool,
        maxPendingBytes: options.limits.maxBytes,
        onReady: options.onChange,
        onAdopted: (entries) => this.#adopt(entries),
        onEvicted: (request) => this.#evictedFromDisk(request),
        onTakenOver: (request) => this.#takenOver(request),
      })
  }

  get items(): number {
    return this.#queue.items
  }

  get itemsOnDisk(): number {
    return itemsOnDisk(this.#queue.requests)
  }

  /** The place of the oldest, or Infinity. */
  get oldestSequence(): number {
    return this.#queue.requests[0]?.sequence ?? Infinity
  }

  /** Puts a batch in line that is still to be encoded. */
  take(batch: Batch): WaitingRequest {
    const request = requestOfBatch((this.lastSequence += 1), batch, this.#options.compression)
    this.#queue.add(request)
    this.#makeRoom()
    return request
  }

  /** Gives a request its body; resolves when it may be sent. */
  async encoded(request: WaitingRequest, body: Uint8Array, count: number, isDown: boolean): Promise<void> {
    if (request.isSettled) return
    this.#options.books.dropped('unreadable', request.count - count)
    request.batch = undefined
    if (count === 0) return this.#forget(request)
    this.#queue.resize(request, { count })
    this.#hold(request, body)
    request.body = body
    if (this.#spool?.keepsAll !== true) {
      if (isDown) this.#spill(request)
      return this.#makeRoom()
    }
    if (this.#spool.takes(body.length)) await this.#spool.keep(request, body)
    if (request.spooled !== undefined) this.#queue.resize(request, { held: 0 })
    this.#makeRoom()
  }

  /** The request to be tried, as {@link RequestQueue.next} finds it; undefined where it cannot be sent yet. */
  next(patience: number, maxAgeMs: number = defaultMaxAgeMs): WaitingRequest | undefined {
    if (this.#spool?.isReady === false) return undefined
    for (const request of this.#queue.olderThan(maxAgeMs)) this.drop(request, 'too_old')
    const request = this.#queue.next(patience)
    return request !== undefined && this.#maySend(request) ? request : undefined
  }

  /** What waits apart from the others may be tried at once. */
  hurry(): void {
    this.#queue.hurry()
  }

  remove(request: WaitingRequest): void {
    this.#queue.remove(request)
  }

  /** Its body, which stays with it: its file may go before it is delivered. */
  async bodyOf(request: WaitingRequest): Promise<Uint8Array | undefined> {
    request.body ??= await this.#spool?.load(request)
    return request.body
  }

  /** Puts a request before the others of its place; what is on disk is not kept in memory as well. */
  putBack(request: WaitingRequest): void {
    if (request.spooled !== undefined) this.#release(request)
    else if (request.body !== undefined) this.#hold(request, request.body)
    this.#queue.addFirst(request)
    this.#makeRoom()
  }

  /** Puts parts in the place of a request. */
  replace(request: WaitingRequest, parts: readonly WaitingRequest[]): void {
    this.#queue.addFirst(...parts)
    if (request.spooled !== undefined) for (const part of parts) this.#spill(part)
    this.settle(request)
    this.#makeRoom()
  }

  /** Forgets a request that is delivered or dropped. */
  settle(request: WaitingRequest): void {
    request.isSettled = true
    request.body = undefined
    this.#spool?.settle(request)
  }

  drop(request: WaitingRequest, reason: string): void {
    this.#options.books.dropped(reason, request.count)
    this.#forget(request)
  }

  /** Writes everything in memory to disk as well, and keeps it there alone. */
  spillAll(): void {
    if (this.#spool === undefined) return
    for (const request of this.#queue.requests) this.#spill(request)
  }

  /** Writes what is in memory alone to disk, at once; `others` are those on their way. */
  keepNow(others: readonly WaitingRequest[], encode: (batch: Batch) => Encoded): void {
    if (this.#spool === undefined) return
    const { books } = this.#options
    const kept = keepNow([...others, ...this.#queue.requests], encode, this.#spool, this.#queue, books)
    for (const request of kept) this.#queue.remove(request)
  }

  /** Resolves when it is on disk what is settled and what is not. */
  async caughtUp(): Promise<void> {
    await this.#spool?.caughtUp()
  }

  /** Resolves when nothing is being written to disk. */
  async idle(): Promise<void> {
    await this.#spool?.idle()
  }

  /** Drops what is in memory alone; what is on disk stays there for the next process. */
  async close(): Promise<void> {
    for (const request of this.#queue.clear()) {
      request.isSettled = request.spooled === undefined
      if (request.isSettled) this.#options.books.dropped('shutdown', request.count)
      else this.#options.books.leftOnDisk(request.count)
    }
    await this.#spool?.close()
  }

  /** False while it is being encoded, and, where each is kept before it is sent, while it is being written. */
  #maySend({ body, spooled, isSpilling }: WaitingRequest): boolean {
    if (spooled !== undefined) return true
    return body !== undefined && !(isSpilling && this.#spool?.keepsAll === true)
  }

  #forget(request: WaitingRequest): void {
    this.#queue.remove(request)
    this.settle(request)
    this.#options.onChange()
  }

  #makeRoom(): void {
    for (let request = this.#queue.excess(); request !== undefined; request = this.#queue.excess()) {
      if (request.spooled !== undefined) this.#release(request)
      else if (!this.#spill(request)) this.#evict(request)
    }
  }

  #evict(request: WaitingRequest): void {
    this.#options.books.evicted(request.count)
    this.#forget(request)
  }

  /** True where it is on its way to the disk, and takes no room from then on; one taken to be sent meanwhile keeps its body. */
  #spill(request: WaitingRequest): boolean {
    const { body, size, held } = request
    const isThere = request.spooled !== undefined || request.isSpilling
    if (body === undefined || isThere || this.#spool?.takes(body.length) !== true) return false
    this.#queue.resize(request, { held: 0, size: bytesBesideBody })
    void this.#spool.keep(request, body).then((isKept) => {
      if (!isKept) this.#queue.resize(request, { held, size })
      else if (this.#queue.has(request)) this.#release(request)
      this.#makeRoom()
      if (this.#spool?.keepsAll === true) this.#options.onChange()
    })
    return true
  }

  /** Counts what is in memory alone. */
  #hold(request: WaitingRequest, body: Uint8Array): void {
    this.#queue.resize(request, { held: request.count, size: body.length + bytesBesideBody })
  }

  /** Keeps on disk alone what is there. */
  #release(request: WaitingRequest): void {
    request.body = undefined
    this.#queue.resize(request, { held: 0, size: bytesBesideBody })
  }

  #adopt(entries: readonly SpoolEntry[]): void {
    this.#firstSequence -= entries.length
    for (const [index, entry] of entries.entries()) {
      const request = requestOnDisk(this.#firstSequence + index, entry, Date.now())
      this.#spool?.adopted(entry, request)
      this.#queue.add(request)
    }
    this.#options.books.adopted(entries.reduce((sum, { count }) => sum + count, 0))
    this.#options.onChange()
  }

  #takenOver(request: WaitingRequest): void {
    request.spooled = undefined
    this.#options.books.leftOnDisk(request.count)
    this.#forget(request)
  }

  #evictedFromDisk(request: WaitingRequest): void {
    request.spooled = undefined
    if (this.#queue.has(request)) this.drop(request, 'spool_full')
  }
}
