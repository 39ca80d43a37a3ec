import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'
import type { SpooledRequest } from './spool/frames.ts'
import { Spool, type SpoolEntry } from './spool/spool.ts'
import { shownMessage } from './text.ts'
import type { WaitingRequest } from './waiting-request.ts'

/** How what waits is kept on disk. */
export interface SpoolSettings {
  /** `on-failure`: while the backend is down, and what is left at the end; `always`: each request before it is sent. */
  readonly mode: 'on-failure' | 'always'
  /** The folder of one backend and signal of one service. */
  readonly path: string
  /** Most bytes on disk. */
  readonly maxBytes: number
}

export interface StreamSpoolOptions extends SpoolSettings {
  /** What is spoken of: the backend and the signal. */
  readonly subject: string
  /** Most bytes that may wait to be written. */
  readonly maxPendingBytes: number
  readonly onReady: () => void
  readonly onAdopted: (entries: readonly SpoolEntry[]) => void
  /** Told of a request that had to go for newer ones. */
  readonly onEvicted: (request: WaitingRequest) => void
  /** Told of a request that another process delivers. */
  readonly onTakenOver: (request: WaitingRequest) => void
}

/** After a disk did not take something it is left alone this long. */
const restMs = 30_000

/** The part of a stream that is on disk. Nothing here throws or rejects: what cannot be kept stays in memory. */
export class StreamSpool {
  readonly #options: StreamSpoolOptions
  readonly #spool: Spool
  readonly #requests = new Map<SpoolEntry, WaitingRequest>()
  #pendingBytes = 0
  /** False until it is known what another process has left: that comes first. */
  isReady = false
  #failedAt = -Infinity

  constructor(options: StreamSpoolOptions) {
    this.#options = options
    this.#spool = new Spool({
      path: options.path,
      maxBytes: options.maxBytes,
      onAdopted: options.onAdopted,
      onEvicted: (entries) => this.#lost(entries, options.onEvicted),
      onTakenOver: (entries) => this.#lost(entries, options.onTakenOver),
    })
    void this.#spool
      .start()
      .catch((error: unknown) => this.#failed(error))
      .then(() => {
        this.isReady = true
        options.onReady()
      })
  }

  get keepsAll(): boolean {
    return this.#options.mode === 'always'
  }

  /** True where a body of this size may be given to it now. */
  takes(size: number): boolean {
    const isWell = performance.now() - this.#failedAt > restMs
    return isWell && this.#pendingBytes + size <= this.#options.maxPendingBytes
  }

  /** Writes a request; true where it is on disk then. */
  async keep(request: WaitingRequest, body: Uint8Array): Promise<boolean> {
    this.#pendingBytes += body.length
    request.isSpilling = true
    try {
      const entry = await this.#spool.append(this.#toDisk(request, body))
      request.spooled = entry
      this.#requests.set(entry, request)
      if (request.isSettled) this.settle(request)
      return true
    } catch (error) {
      if (!request.isSettled) this.#failed(error)
      return false
    } finally {
      request.isSpilling = false
      this.#pendingBytes -= body.length
    }
  }

  /** Remembers a request that was on disk before. */
  adopted(entry: SpoolEntry, request: WaitingRequest): void {
    this.#requests.set(entry, request)
  }

  async load({ spooled }: WaitingRequest): Promise<Uint8Array | undefined> {
    return spooled && this.#spool.read(spooled)
  }

  /** Forgets a request that is delivered or dropped. */
  settle({ spooled }: WaitingRequest): void {
    if (spooled === undefined || !this.#requests.delete(spooled)) return
    void this.#spool.settle(spooled)
  }

  /** Writes requests at once, in the last moment of the process; those that are on disk then, or undefined where it failed. */
  keepNow(requests: readonly WaitingRequest[]): ReadonlySet<WaitingRequest> | undefined {
    const written = new Map(
      requests.flatMap((request) => (request.body ? [[this.#toDisk(request, request.body), request] as const] : [])),
    )
    try {
      return new Set(this.#spool.appendNow([...written.keys()]).flatMap((each) => written.get(each) ?? []))
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  /** Resolves when it is on disk what is settled and what is not. */
  async caughtUp(): Promise<void> {
    await this.#spool.caughtUp()
  }

  /** The same, and of what was asked for meanwhile. */
  async idle(): Promise<void> {
    await this.#spool.idle()
  }

  /** Leaves what is on disk to the next process. */
  async close(): Promise<void> {
    await this.#spool.close()
  }

  #toDisk({ count, closedAt, compression }: WaitingRequest, body: Uint8Array): SpooledRequest {
    const closedAtMs = Date.now() - (performance.now() - closedAt)
    return { count, closedAtMs, compression, body }
  }

  #lost(entries: readonly SpoolEntry[], tell: (request: WaitingRequest) => void): void {
    for (const entry of entries) {
      const request = this.#requests.get(entry)
      this.#requests.delete(entry)
      if (request !== undefined) tell(request)
    }
  }

  #failed(error: unknown): void {
    this.#failedAt = performance.now()
    diagnostics.count('spool_errors')
    const why = shownMessage(messageOf(error))
    const text = `the spool of ${this.#options.subject} cannot be used (${why}): what waits is held in memory alone`
    diagnostics.once('warn', text, `spool of ${this.#options.subject}`)
  }
}
