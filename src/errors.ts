/** Every code a {@link TelemetryError} can carry. */
export type TelemetryErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_ALREADY_STARTED'
  | 'ERR_SDK_CONFLICT'
  | 'ERR_BACKEND_INVALID'
  | 'ERR_TENANT_INVALID'
  | 'ERR_ATTRIBUTES_INVALID'
  | 'ERR_OPTIONS_INVALID'

/** One thing that is wrong with a configuration: where, what, and how to put it right. */
export interface Problem {
  /** The environment variable, file path or option path that holds the value. */
  readonly source: string
  /** What is wrong, the offending value included; a secret is shown as `***`. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
}

const brand: unique symbol = Symbol.for('signalbox.TelemetryError') as never

/**
 * The one error class of this library: a message, a `code` from a closed union, a `hint` that says what to do.
 *
 * Thrown only by start-up and by functions that were given bad arguments; nothing is thrown into the application
 * after start-up. `ERR_CONFIG_INVALID` carries every problem found, not just the first, in `problems`.
 */
export class TelemetryError extends Error {
  override readonly name = 'TelemetryError'
  readonly code: TelemetryErrorCode
  readonly hint: string | undefined
  declare readonly problems: readonly Problem[]

  constructor(
    code: TelemetryErrorCode,
    message: string,
    options: { hint?: string; problems?: readonly Problem[]; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.hint = options.hint
    // Not enumerable: the message lists them, and a printed error would list them twice.
    Object.defineProperty(this, 'problems', { value: Object.freeze([...(options.problems ?? [])]) })
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Tells whether a value is a {@link TelemetryError}, also one of another copy of this package. */
export function isTelemetryError(value: unknown): value is TelemetryError {
  return typeof value === 'object' && value !== null && brand in value
}

/** The message of anything that can be thrown, never throwing itself. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  } catch {
    return 'an error that cannot be printed'
  }
}
