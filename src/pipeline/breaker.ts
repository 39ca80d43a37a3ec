import { backoffMs, probeMs } from './backoff.ts'

/**
 * How much of a backend is tried at the moment: everything while it works; one request at a time, after a pause, while it
 * fails; one now and then while it lets nothing through.
 */
export class Breaker {
  readonly #random: () => number
  readonly #onPauseEnd: () => void
  #failures = 0
  #pause: NodeJS.Timeout | undefined
  #refusals = 0

  /** `onPauseEnd` is called when a pause is over by itself. */
  constructor(random: () => number, onPauseEnd: () => void) {
    this.#random = random
    this.#onPauseEnd = onPauseEnd
  }

  /** True until the next attempt is due. */
  get isPausing(): boolean {
    return this.#pause !== undefined
  }

  /** True while everything is refused. */
  get isBlocked(): boolean {
    return this.#refusals > 0
  }

  /** True where one request at a time is to be tried. */
  get isProbing(): boolean {
    return this.#failures > 0 || this.isBlocked
  }

  /** True where this is more than one failure in passing. */
  get isDown(): boolean {
    return this.#failures > 1 || this.isBlocked
  }

  /** The backend took something, or said what it does not want: it works. */
  works(): void {
    this.#failures = 0
    this.#refusals = 0
  }

  /** Gives the milliseconds it is to be left alone. `isNews`: no other attempt has failed since this one began. */
  fails(isNews: boolean, afterMs?: number): number {
    if (isNews) this.#failures += 1
    return backoffMs(this.#failures, this.#random, afterMs)
  }

  /** The backend refused everything; for the rest as {@link fails}. */
  blocks(isNews: boolean): number {
    if (isNews || this.#refusals === 0) this.#refusals += 1
    return probeMs(this.#refusals, this.#random)
  }

  /** Nothing is to be tried for so long. */
  pause(ms: number): void {
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.#onPauseEnd()
    }, ms).unref()
  }

  endPause(): void {
    clearTimeout(this.#pause)
    this.#pause = undefined
  }
}
