/** What is wrong with one value, and what to do about it. */
export class ValueError extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/**
 * One configurable value: how it is called, what it means, and how it is read.
 *
 * `parse` takes text from the environment, or any value from a file or from code, and throws a {@link ValueError}.
 */
export interface Option<T = unknown> {
  /** One sentence for `.env.example` and the documentation. */
  readonly about: string
  readonly parse: (raw: unknown) => T
  readonly default?: T
  /** True where the value is a credential: masked in problems, listed in `.env.example.secrets`. */
  readonly secret?: boolean
  /** True where start-up fails without a value. */
  readonly required?: boolean
  /** Variables that hold it for the instance named like its type, strongest first. */
  readonly env?: readonly string[]
  /** How `OTEL_*` variables are read, where their specification is stricter than `parse`. */
  readonly parseOtel?: (raw: string) => T
  /** A value as a user would write it, for `.env.example`. */
  readonly example?: string
}

/** The options of one backend type by their name in code; `apiKey` of `eu` is also `TELEMETRY_EU_API_KEY`. */
export type OptionTable = Readonly<Record<string, Option>>

/** The parsed values of an option table: what has neither a default nor is required may be undefined. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer T>
    ? Table[Key] extends { readonly default: T } | { readonly required: true }
      ? T
      : T | undefined
    : never
}

/** What is wrong with one option of a backend in the light of the others. */
export interface OptionProblem {
  /** The option's name in code. */
  readonly option: string
  /** What is wrong, after the value: `names a region that does not exist`. Without `missing` the value is shown before it. */
  readonly message: string
  readonly hint?: string
  /** True where the problem is that the option has no value. */
  readonly missing?: boolean
}
