import { probeMs } from './backoff.ts'
import type { Breaker } from './breaker.ts'
import type { RequestStore } from './request-store.ts'
import type { Said, StreamBooks } from './stream-books.ts'
import type { WaitingRequest } from './waiting-request.ts'

/** Attempts of one request that got nowhere, with others settled in between, after which it is the request that is to blame. */
const most = 3

/** How many setbacks more than others a request may have had, while a backend fails, and still be tried before them. */
const failingPatience = 2

export interface SetbacksOptions {
  readonly store: RequestStore
  readonly books: StreamBooks
  readonly breaker: Breaker
  readonly random: () => number
  /** Called when a request that was set apart is due. */
  readonly onDue: () => void
}

/** What becomes of requests that a backend did not take. */
export class Setbacks {
  readonly #options: SetbacksOptions
  /** Attempts so far that the backend failed at or refused. */
  attempts = 0

  constructor(options: SetbacksOptions) {
    this.#options = options
  }

  /** How many setbacks more than others a request may have had and still be tried before them. */
  get patience(): number {
    const { isBlocked, isProbing } = this.#options.breaker
    if (isBlocked) return 0
    return isProbing ? failingPatience : Infinity
  }

  /** True where the backend settles others, and the attempt that is over was one too many that got nowhere. */
  blames({ setbacks, settledBefore }: WaitingRequest): boolean {
    return setbacks + 1 >= most && this.#options.books.settledRequests > settledBefore
  }

  /** It is tried again when the backend has had a rest; `afterMs` is the backend's own word on when, which blames nobody. */
  holdBack(request: WaitingRequest, said: Said, isNews: boolean, afterMs?: number): void {
    if (afterMs === undefined) this.#count(request)
    this.attempts += 1
    this.#options.books.kept('held', said)
    const pauseMs = this.#options.breaker.fails(isNews, afterMs)
    this.#pause(request, pauseMs)
    this.#keep(request)
  }

  /** It is tried again now and then, until somebody has mended what is wrong. */
  block(request: WaitingRequest, said: Said, isNews: boolean): void {
    this.#count(request)
    this.attempts += 1
    this.#options.books.kept('blocked', said)
    const pauseMs = this.#options.breaker.blocks(isNews)
    this.#pause(request, pauseMs)
    this.#keep(request)
  }

  /** It is tried again now and then, and holds nobody meanwhile: the backend works, but not with this request. */
  setApart(request: WaitingRequest): void {
    this.#count(request)
    if (!request.isHurried) {
      const pauseMs = probeMs(request.setbacks - most + 1, this.#options.random)
      request.notBefore = performance.now() + pauseMs
      setTimeout(this.#options.onDue, pauseMs + 1).unref()
    }
    this.#keep(request)
  }

  #pause({ isHurried }: WaitingRequest, pauseMs: number): void {
    if (!isHurried) this.#options.breaker.pause(pauseMs)
  }

  #count(request: WaitingRequest): void {
    if (request.setbacks === 0) request.settledBefore = this.#options.books.settledRequests
    request.setbacks += 1
  }

  #keep(request: WaitingRequest): void {
    const { store, breaker } = this.#options
    store.putBack(request)
    if (breaker.isDown) store.spillAll()
  }
}
