interface Waiting {
  readonly mark: number
  readonly resolve: () => void
}

/** Who waits until everything up to some sequence number is gone. */
export class Milestones {
  readonly #waiting = new Set<Waiting>()

  /** Resolves once the oldest that is left is newer than `mark`, as `pass` says, or when `giveUp` aborts. */
  reached(mark: number, giveUp?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (giveUp?.aborted === true) return resolve()
      const waiting: Waiting = { mark, resolve }
      this.#waiting.add(waiting)
      giveUp?.addEventListener('abort', () => {
        this.#waiting.delete(waiting)
        resolve()
      })
    })
  }

  /** `oldest` is the number of the oldest that is left, or Infinity. */
  pass(oldest: number): void {
    for (const each of this.#waiting) {
      if (oldest <= each.mark) continue
      this.#waiting.delete(each)
      each.resolve()
    }
  }
}
