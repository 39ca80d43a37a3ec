/** What a queue is bounded by. */
export interface QueueLimits {
  /** Most items (spans, log records), over all batches. */
  readonly maxItems: number
  /** Most estimated bytes, over all batches. */
  readonly maxBytes: number
}

export interface Sized {
  readonly count: number
  readonly estimatedBytes: number
}

/**
 * Batches in order, bounded by items and by bytes: what does not fit pushes out the oldest.
 *
 * The newest is never pushed out, so that a batch larger than the bounds is held alone. An entry's sizes must not
 * change while it is inside.
 */
export class BoundedQueue<Entry extends Sized> {
  readonly #limits: QueueLimits
  #entries: Entry[] = []
  #items = 0
  #bytes = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  /** Items over all entries. */
  get items(): number {
    return this.#items
  }

  /** Estimated bytes over all entries. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds the newest; returns what had to go for it, oldest first. */
  push(entry: Entry): readonly Entry[] {
    this.#entries.push(entry)
    return this.#added(entry)
  }

  /** Puts back the oldest; returns what does not fit any more: this one first. */
  putBack(entry: Entry): readonly Entry[] {
    this.#entries.unshift(entry)
    return this.#added(entry)
  }

  /** Takes out the oldest. */
  shift(): Entry | undefined {
    const entry = this.#entries.shift()
    if (entry !== undefined) this.#removed(entry)
    return entry
  }

  /** Takes out all. */
  clear(): readonly Entry[] {
    const entries = this.#entries
    this.#entries = []
    this.#items = 0
    this.#bytes = 0
    return entries
  }

  #added(entry: Entry): readonly Entry[] {
    this.#items += entry.count
    this.#bytes += entry.estimatedBytes
    let excess = 0
    const last = this.#entries.length - 1
    while (excess < last && (this.#items > this.#limits.maxItems || this.#bytes > this.#limits.maxBytes)) {
      this.#removed(this.#entries[excess] as Entry)
      excess += 1
    }
    return excess === 0 ? [] : this.#entries.splice(0, excess)
  }

  #removed(entry: Entry): void {
    this.#items -= entry.count
    this.#bytes -= entry.estimatedBytes
  }
}
