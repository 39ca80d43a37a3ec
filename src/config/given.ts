/** A value as some source gives it, with the place where it stands. Opaque, so that it is handed on as one piece. */
export class Given {
  readonly #raw: unknown
  readonly #source: string

  constructor(raw: unknown, source: string) {
    this.#raw = raw
    this.#source = source
  }

  get raw(): unknown {
    return this.#raw
  }

  get source(): string {
    return this.#source
  }
}
