import { diagnostics } from '../diagnostics.ts'
import type { QueueLimits } from './queue.ts'
import type { LaneProblem } from './ledger.ts'
import { shownCount } from './text.ts'

/** Least time between two announcements of trouble, so that a backend that comes and goes does not fill stderr. */
const quietMs = 60_000

/** What to do where a receiver lets nothing through, and nothing is known of why. */
const findOut = '`npx signalbox doctor --live` says what is wrong'

type Fate = 'held' | 'dropped' | 'blocked'

/**
 * Says once per failing period that a backend fails and what becomes of the data, and once that it works again.
 *
 * What there is to say within a minute of the last trouble that was said is owed: it is said with the next event of its
 * kind after that minute.
 */
export class LaneVoice {
  readonly #subject: string
  readonly #limits: QueueLimits
  readonly #now: () => number
  readonly #spoolPath: string | undefined
  readonly #said = new Set<Fate>()
  #lastSaidAt = -Infinity

  /** `subject` is the backend, and the signal where its signals go apart. */
  constructor(subject: string, limits: QueueLimits, now: () => number, spoolPath?: string) {
    this.#spoolPath = spoolPath
    this.#subject = subject
    this.#limits = limits
    this.#now = now
  }

  /** Items of an earlier process. */
  adopted(count: number): void {
    const items = count === 1 ? '1 item' : `${shownCount(count)} items`
    diagnostics.say('info', `${this.#subject} gets ${items} first that an earlier process left on disk`)
  }

  /** The data of the failed attempt is `held` for another one, or `dropped`; `blocked`: held until somebody mends it. */
  failed(fate: Fate, { reason, message, hint }: LaneProblem): void {
    if (fate === 'dropped') this.#answers()
    const now = this.#now()
    if (this.#said.has(fate) || now - this.#lastSaidAt < quietMs) return
    this.#said.add(fate)
    this.#lastSaidAt = now
    const why = message === '' ? reason : `${reason}: ${message}`
    const what = fate === 'held' ? 'is failing' : fate === 'dropped' ? 'refuses data' : 'takes nothing'
    const known = fate === 'blocked' ? (hint ?? findOut) : hint
    const advice = known === undefined ? '' : `: ${known.replace(/\.$/, '')}`
    diagnostics.say('warn', `${this.#subject} ${what} (${why})${advice}; ${this.#fateOf(fate)}`)
  }

  delivered(): void {
    if (this.#said.size > 0) this.#worksAgain()
    this.#said.clear()
  }

  /** Who refuses data takes other data: what held it is over, and would be news again. */
  #answers(): void {
    const [wasHeld, wasBlocked] = [this.#said.delete('held'), this.#said.delete('blocked')]
    if ((wasHeld || wasBlocked) && this.#said.has('dropped')) this.#worksAgain()
  }

  #worksAgain(): void {
    diagnostics.say('warn', `${this.#subject} works again`)
  }

  /** Said once: more comes than the backend takes. */
  overflowed(): void {
    const text = `the queue of ${this.#subject} is full: its oldest data is dropped, and counted as queue_full`
    diagnostics.once('warn', text)
  }

  #fateOf(fate: Fate): string {
    const others = 'other backends are not affected'
    const where = this.#spoolPath === undefined ? '' : ` on disk (${this.#spoolPath})`
    if (fate === 'blocked') return `its data is held${where} and tried again every few minutes; ${others}`
    if (fate === 'dropped') return `what it refuses is dropped and counted; ${others}`
    if (where !== '') return `its data is held${where} and tried again; ${others}`
    const { maxItems, maxBytes } = this.#limits
    const most = `${shownCount(maxItems)} items or ${shownCount(maxBytes)} bytes`
    return `its data is held and tried again, beyond ${most} the oldest is dropped; ${others}`
  }
}
