import { messageOf } from '../../errors.ts'

/** An error as it is recorded: bounded, and without whatever else the error object held. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly stack: string
  /** What the system, the driver or the framework calls it: `ECONNREFUSED`, `23505`. */
  readonly code?: string | number
}

/** Most characters: of the message, and of the stack with those of the causes. */
const maxMessageLength = 1_024
const maxStackLength = 8_192
const maxCauses = 4

/** Describes what a handler threw. Properties of the error (a request, a row, a command) are left out: they may be anybody's data. */
export function describe(error: unknown): Failure {
  const message = messageOf(error).slice(0, maxMessageLength)
  const stack = stacksOf(error).join('\ncaused by: ').slice(0, maxStackLength)
  // Without a prototype, so that pino takes `name` for the type and not that of this object's class.
  return Object.assign(Object.create(null) as object, { name: typeOf(error), message, stack, ...codeOf(error) })
}

function codeOf(error: unknown): { readonly code?: string | number } {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown }
  return typeof code === 'number' || (typeof code === 'string' && /^\w{1,64}$/.test(code)) ? { code } : {}
}

function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return isNamed(error) ? error.name.slice(0, 256) : '_OTHER'
  const name = error.name === 'Error' ? error.constructor.name : error.name
  return (name === '' ? 'Error' : name).slice(0, 256)
}

function isNamed(error: unknown): error is { readonly name: string } {
  return typeof error === 'object' && error !== null && 'name' in error && typeof error.name === 'string'
}

function stacksOf(error: unknown): string[] {
  const stacks: string[] = []
  let current = error
  while (stacks.length <= maxCauses && typeof current === 'object' && current !== null) {
    const { stack, cause } = current as { readonly stack?: unknown; readonly cause?: unknown }
    if (typeof stack === 'string') stacks.push(stack)
    if (typeof stack !== 'string' || cause === current) break
    current = cause
  }
  return stacks
}
