import type { Batch, Outcome, Signal } from '../backends/backend.ts'
import { attempt, type AttemptResult, readOutcome, closeBackend, flushBackend, isTakenAtExit } from './attempt.ts'
import { backoffMs } from './backoff.ts'
import type { Lane } from './lane.ts'
import type { LaneOptions } from './lane-options.ts'
import { LaneVoice } from './lane-voice.ts'
import { type BackendStatus, Ledger, type LaneProblem, problemOf, type SignalStatus } from './ledger.ts'
import { Milestones } from './milestones.ts'
import { Pause } from './pause.ts'
import { BoundedQueue } from './queue.ts'

interface Entry {
  readonly batch: Batch
  readonly sequence: number
  readonly estimatedBytes: number
  count: number
  faults: number
}

/** A batch at which the backend's own code failed this often is dropped, so that it cannot hold the lane for ever. */
const maxFaults = 5

/** One backend's private path: a bounded queue, one attempt at a time in order, retries, and the books. */
export class BatchLane implements Lane {
  readonly name: string
  readonly signals: readonly Signal[]
  readonly #options: LaneOptions
  readonly #queue: BoundedQueue<Entry>
  readonly #ledgers: Readonly<Record<Signal, Ledger>> = { traces: new Ledger(), logs: new Ledger() }
  readonly #voice: LaneVoice
  readonly #milestones = new Milestones()
  readonly #pause = new Pause()
  #state: BackendStatus['state'] = 'idle'
  #lastProblem: LaneProblem | undefined
  #stop = new AbortController()
  #current: Entry | undefined
  #loop: Promise<void> | undefined
  #sequence = 0
  #failures = 0
  #resting = false

  constructor(options: LaneOptions) {
    this.name = options.name
    this.signals = options.signals
    this.#options = options
    this.#queue = new BoundedQueue(options.queue)
    this.#voice = new LaneVoice(`backend "${options.name}"`, options.queue, options.now)
  }

  /** Items that wait, those on their way included. */
  get queued(): number {
    return this.#queue.items + (this.#current?.count ?? 0)
  }

  /** Items lost so far. */
  get lost(): number {
    return this.#ledgers.traces.lost + this.#ledgers.logs.lost
  }

  /** Takes a batch; its delivery starts later, never inside this call. */
  offer(batch: Batch): void {
    const { count, estimatedBytes } = batch
    const entry: Entry = { batch, sequence: (this.#sequence += 1), count, estimatedBytes, faults: 0 }
    this.#ledgers[batch.signal].accepted += count
    if (this.#state === 'closed') return this.#drop(entry, 'shutdown')
    this.#evict(this.#queue.push(entry))
    this.#resting = false
    this.#wake()
  }

  /** Tries at once what waits for its next attempt. */
  hurry(): void {
    this.#resting = false
    this.#pause.end()
    this.#wake()
  }

  /** Resolves when everything taken so far is delivered or dropped, or when `giveUp` aborts. */
  settled(giveUp?: AbortSignal): Promise<void> {
    const reached = this.#milestones.reached(this.#sequence, giveUp)
    this.#look()
    return reached
  }

  /** Resolves when everything taken so far is delivered or dropped and the backend holds nothing back, or when `giveUp` aborts. */
  async flush(giveUp?: AbortSignal): Promise<void> {
    this.hurry()
    await this.settled(giveUp)
    if (this.#state !== 'closed' && giveUp?.aborted !== true) await flushBackend(this.name, this.#options.backend)
  }

  /** Gives up the attempt under way and keeps its batch; nothing is tried again before the next offer or hurry. */
  rest(): void {
    if (this.#state === 'closed') return
    this.#resting = true
    this.#interrupt()
  }

  /** Hands over what waits, in the last moment of the process, to a backend that can take it synchronously. */
  deliverAtExit(): void {
    for (const entry of this.#queue.clear()) {
      if (isTakenAtExit(this.#options.backend, entry.batch)) {
        this.#ledgers[entry.batch.signal].delivered += entry.count
      } else this.#queue.push(entry)
    }
  }

  /** Gives up, drops what is left, and closes the backend within `closeMs`, or half a second if that is longer. */
  async close(closeMs: number): Promise<void> {
    this.#state = 'closed'
    this.#interrupt()
    await this.#loop
    for (const entry of this.#queue.clear()) this.#drop(entry, 'shutdown')
    this.#look()
    await closeBackend(this.name, this.#options.backend, closeMs)
  }

  /** `open`: items in batches that are not closed yet. */
  status(open: Readonly<Record<Signal, number>>): BackendStatus {
    const of = (signal: Signal): SignalStatus => {
      const entries = this.#current === undefined ? this.#queue.entries : [this.#current, ...this.#queue.entries]
      const queued = entries.reduce((sum, { batch, count }) => sum + (batch.signal === signal ? count : 0), 0)
      return this.#ledgers[signal].status(queued, open[signal])
    }
    return Object.freeze({
      type: this.#options.type,
      state: this.#state,
      ...(this.signals.includes('traces') && { traces: of('traces') }),
      ...(this.signals.includes('logs') && { logs: of('logs') }),
      ...(this.#lastProblem && { lastProblem: this.#lastProblem }),
    })
  }

  #interrupt(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#pause.end()
  }

  #wake(): void {
    if (this.#loop !== undefined || this.#isHalted() || this.#queue.entries.length === 0) return
    this.#loop = new Promise((resolve) => this.#options.schedule(() => void this.#run().then(resolve)))
  }

  #isHalted(): boolean {
    return this.#resting || this.#state === 'closed'
  }

  async #run(): Promise<void> {
    while (!this.#isHalted()) {
      const entry = this.#queue.shift()
      if (entry === undefined) break
      this.#current = entry
      const { ends } = this.#pause
      const pauseMs = this.#leaveOutUnreadable(entry) ? await this.#attempt(entry) : 0
      this.#look()
      if (pauseMs === 0 || ends !== this.#pause.ends) continue
      this.#state = 'waiting'
      await this.#pause.wait(pauseMs)
    }
    if (this.#state !== 'closed') this.#state = 'idle'
    this.#loop = undefined
    this.#wake()
  }

  /** Resolves with the milliseconds to wait before the next attempt. */
  async #attempt(entry: Entry): Promise<number> {
    this.#state = 'sending'
    const { backend, timeoutMs } = this.#options
    const result = await attempt(
      (signal) => backend.deliver(entry.batch, signal),
      readOutcome,
      timeoutMs,
      this.#stop.signal,
    )
    this.#current = undefined
    return this.#conclude(entry, result)
  }

  #conclude(entry: Entry, result: AttemptResult): number {
    switch (result.kind) {
      case 'delivered':
        this.#ledgers[entry.batch.signal].delivered += entry.count
        this.#failures = 0
        this.#voice.delivered()
        return 0
      case 'rejected':
        this.#reject(entry, result)
        return 0
      case 'stopped':
        this.#evict(this.#queue.putBack(entry))
        return 0
      case 'retry':
        return this.#holdBack(entry, result)
      case 'fault':
        entry.faults += 1
        if (entry.faults < maxFaults) return this.#holdBack(entry, { reason: 'backend_error', message: result.message })
        this.#reject(entry, { reason: 'backend_error', message: result.message })
        return 0
    }
  }

  #holdBack(
    entry: Entry,
    { reason, message, afterMs }: { reason: string; message?: string; afterMs?: number },
  ): number {
    this.#failures += 1
    this.#lastProblem = problemOf(reason, message, this.#options.now())
    this.#evict(this.#queue.putBack(entry))
    this.#voice.failed('held', this.#lastProblem)
    return backoffMs(this.#failures, this.#options.random, afterMs)
  }

  #reject(entry: Entry, { reason, message, count }: Omit<Extract<Outcome, { kind: 'rejected' }>, 'kind'>): void {
    const rejected = Math.min(count ?? entry.count, entry.count)
    const ledger = this.#ledgers[entry.batch.signal]
    ledger.delivered += entry.count - rejected
    ledger.drop(reason, rejected)
    this.#failures = 0
    this.#lastProblem = problemOf(reason, message, this.#options.now())
    if (rejected > 0) this.#voice.failed('dropped', this.#lastProblem)
    else this.#voice.delivered()
  }

  /** False where nothing is left to deliver. */
  #leaveOutUnreadable(entry: Entry): boolean {
    if (entry.batch.signal !== 'logs') return true
    const readable = Math.min(entry.batch.records.length, entry.count)
    this.#ledgers.logs.drop('unreadable', entry.count - readable)
    entry.count = readable
    if (readable === 0) this.#current = undefined
    return readable > 0
  }

  #evict(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    for (const entry of entries) this.#drop(entry, 'queue_full')
    this.#voice.overflowed()
    this.#look()
  }

  #drop({ batch, count }: Entry, reason: string): void {
    this.#ledgers[batch.signal].drop(reason, count)
  }

  #look(): void {
    this.#milestones.pass((this.#current ?? this.#queue.entries[0])?.sequence ?? Infinity)
  }
}
