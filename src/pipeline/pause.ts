/** A wait that can be cut short; it never keeps the process alive. */
export class Pause {
  /** How often its end was asked for, whether there was a wait to end or not. */
  ends = 0
  #end: (() => void) | undefined

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(), ms).unref()
      this.#end = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Ends the wait under way, if there is one. */
  end(): void {
    this.ends += 1
    this.#end?.()
    this.#end = undefined
  }
}
