/** Who waits until everything up to some sequence number is gone. */
export class Milestones {
  readonly #waiting = new Set<{ readonly mark: number; readonly resolve: () => void }>()

  /** Resolves once the oldest that is left is newer than `mark`; `pass` says so. */
  reached(mark: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.add({ mark, resolve }))
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
