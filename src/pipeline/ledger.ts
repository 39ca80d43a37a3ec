import { counterName, shownMessage } from './text.ts'

/** What became of the items of one signal at one backend: accepted = delivered + queued + spooled + all that was dropped. */
export interface SignalStatus {
  /** Items that were recorded for this backend. */
  readonly accepted: number
  readonly delivered: number
  /** Items that wait, those on their way included. */
  readonly queued: number
  /** Items that are on disk; undefined where nothing is kept there. */
  readonly spooled?: number
  /** Items that were lost, by reason. */
  readonly dropped: Readonly<Record<string, number>>
}

/** The last thing that went wrong at a backend. */
export interface LaneProblem {
  /** When, in ISO 8601. */
  readonly at: string
  readonly reason: string
  /** In the backend's own words, at most 300 characters, without secrets that are known by their form. */
  readonly message: string
  /** What to do about it, where that is known. */
  readonly hint?: string
}

/** What is known of one backend. For each of its signals: accepted = delivered + queued + spooled + all that was dropped. */
export interface BackendStatus {
  readonly type: string
  /**
   * `waiting`: the last attempt failed, and the next one is not due yet. `blocked`: nothing gets through before somebody
   * mends what `lastProblem` says.
   */
  readonly state: 'idle' | 'sending' | 'waiting' | 'blocked' | 'closed'
  readonly traces?: SignalStatus
  readonly logs?: SignalStatus
  /** In data points. Nothing is kept of what did not arrive: the next ones make up for it. */
  readonly metrics?: SignalStatus
  readonly lastProblem?: LaneProblem
}

/** Past this many different reasons further ones are counted as `other`, so that a backend cannot fill memory. */
const maxReasons = 50

/** The books of one lane and one signal. */
export class Ledger {
  accepted = 0
  delivered = 0
  readonly #dropped = new Map<string, number>()

  /** Items lost so far, for whatever reason. */
  lost = 0

  drop(reason: string, count: number): void {
    if (count === 0) return
    this.lost += count
    const wanted = counterName(reason)
    const name = this.#dropped.has(wanted) || this.#dropped.size < maxReasons ? wanted : 'other'
    this.#dropped.set(name, (this.#dropped.get(name) ?? 0) + count)
  }

  /** `open` are items in a batch that is not closed yet. */
  status(queued: number, open: number, spooled?: number): SignalStatus {
    return Object.freeze({
      accepted: this.accepted + open,
      delivered: this.delivered,
      queued: queued + open,
      ...(spooled !== undefined && { spooled }),
      dropped: Object.freeze(Object.fromEntries(this.#dropped)),
    })
  }
}

export function problemOf(reason: string, message: string | undefined, nowMs: number, hint?: string): LaneProblem {
  const at = new Date(nowMs).toISOString()
  return Object.freeze({
    at,
    reason: counterName(reason),
    message: shownMessage(message ?? ''),
    ...(hint !== undefined && { hint: shownMessage(hint) }),
  })
}
