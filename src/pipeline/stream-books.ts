import type { QueueLimits } from './queue.ts'
import { LaneVoice } from './lane-voice.ts'
import { Ledger, type LaneProblem, problemOf, type SignalStatus } from './ledger.ts'
import type { WaitingRequest } from './waiting-request.ts'

/** What is known of something that went wrong. */
export interface Said {
  readonly reason: string
  readonly message?: string | undefined
  readonly hint?: string | undefined
}

/** What became of the items of one signal at one backend, what went wrong last, and what is said of it. */
export class StreamBooks {
  readonly #ledger = new Ledger()
  readonly #voice: LaneVoice
  readonly #now: () => number
  #leftOnDisk = 0
  lastProblem: LaneProblem | undefined
  /** Requests that the backend took, or said that it will never take. */
  settledRequests = 0

  /** `subject` is what is spoken of: the backend and the signal. */
  constructor(subject: string, limits: QueueLimits, now: () => number, spoolPath?: string) {
    this.#voice = new LaneVoice(subject, limits, now, spoolPath)
    this.#now = now
  }

  get lost(): number {
    return this.#ledger.lost
  }

  accepted(count: number): void {
    this.#ledger.accepted += count
  }

  /** Accepted by a process before this one, which left it on disk. */
  adopted(count: number): void {
    this.accepted(count)
    this.#voice.adopted(count)
  }

  delivered({ count }: WaitingRequest): void {
    this.#ledger.delivered += count
    this.settledRequests += 1
    this.#voice.delivered()
  }

  /** Of all items of the request, or of `count` of them: the others were delivered. */
  rejected(request: WaitingRequest, said: Said, count: number = request.count): void {
    const rejected = Math.min(count, request.count)
    this.#ledger.delivered += request.count - rejected
    this.#ledger.drop(said.reason, rejected)
    this.settledRequests += 1
    this.note(said)
    if (rejected > 0 && this.lastProblem !== undefined) this.#voice.failed('dropped', this.lastProblem)
    else this.#voice.delivered()
  }

  /** `held` for another attempt, or because everything is `blocked`. */
  kept(fate: 'held' | 'blocked', said: Said): void {
    this.#voice.failed(fate, this.note(said))
  }

  /** On disk at the end, for the next process. */
  leftOnDisk(count: number): void {
    this.#leftOnDisk += count
  }

  /** Dropped without being offered to the backend. */
  dropped(reason: string, count: number): void {
    this.#ledger.drop(reason, count)
  }

  /** Dropped because more comes than the backend takes. */
  evicted(count: number): void {
    this.#ledger.drop('queue_full', count)
    this.#voice.overflowed()
  }

  note({ reason, message, hint }: Said): LaneProblem {
    this.lastProblem = problemOf(reason, message, this.#now(), hint)
    return this.lastProblem
  }

  /** `spooled`: items on disk; undefined where nothing is kept there. */
  status(queued: number, open: number, spooled?: number): SignalStatus {
    return this.#ledger.status(queued, open, spooled === undefined ? undefined : spooled + this.#leftOnDisk)
  }
}
