import type { BatchLimits } from '../config/types.ts'

/**
 * Collects the items of one signal and hands them on together: at `maxItems`, at `maxBytes`, or `maxAgeMs` after the
 * first of them, whichever comes first.
 *
 * One item larger than `maxBytes` is a batch of its own. The timer never keeps the process alive.
 */
export class Batcher<Item> {
  readonly #limits: BatchLimits
  readonly #emit: (items: readonly Item[], estimatedBytes: number) => void
  readonly #onAge = (): void => this.close()
  #items: Item[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined
  #hurriedUntil = -Infinity

  constructor(limits: BatchLimits, emit: (items: readonly Item[], estimatedBytes: number) => void) {
    this.#limits = limits
    this.#emit = emit
  }

  /** The items that wait for their batch to be closed. */
  get open(): readonly Item[] {
    return this.#items
  }

  push(item: Item, estimatedBytes: number): void {
    this.#items.push(item)
    this.#bytes += estimatedBytes
    if (this.#items.length >= this.#limits.maxItems || this.#bytes >= this.#limits.maxBytes) this.close()
    else if (this.#timer === undefined && this.#turn === undefined) this.#arm()
  }

  /** Hands on what is open, at once. */
  close(): void {
    this.#disarm()
    if (this.#items.length === 0) return
    const items = this.#items
    const bytes = this.#bytes
    this.#items = []
    this.#bytes = 0
    this.#emit(items, bytes)
  }

  /** For so many milliseconds a batch is closed in the turn of the event loop after its first item. */
  hurry(forMs: number): void {
    this.close()
    this.#hurriedUntil = Math.max(this.#hurriedUntil, performance.now() + forMs)
  }

  #arm(): void {
    if (performance.now() < this.#hurriedUntil) this.#turn = setImmediate(this.#onAge)
    else this.#timer = setTimeout(this.#onAge, this.#limits.maxAgeMs).unref()
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
    this.#timer = undefined
    this.#turn = undefined
  }
}
