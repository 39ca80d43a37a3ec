import type { Logger, LoggerOptions } from 'pino'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'
import { internalOf, pino } from './pino.ts'
import type { Redactor } from './redact.ts'

type PinoHooks = NonNullable<LoggerOptions['hooks']>
type LogMethodHook = NonNullable<PinoHooks['logMethod']>

/** The field that says why a line is not what the call asked for. */
const problemField = 'log.problem'

/**
 * Makes pino hooks that run the user's own, censor the finished line, and keep an error inside a log call from reaching
 * the application.
 *
 * A getter, a serializer, `toString` or a hook that throws: the line is written again with what can be read, the reason
 * in `log.problem`, and counted (`log_calls_failed`). A destination that throws is counted (`log_destination_errors`).
 * Each is said once.
 */
export function guardedHooks(own: PinoHooks | undefined, redact: Redactor | undefined): Required<PinoHooks> {
  const { logMethod, streamWrite } = own ?? {}
  // Counts finished lines: an error that comes later than one is the destination's.
  let finished = 0
  return {
    streamWrite(line) {
      finished++
      const clean = redact === undefined ? line : redact(line)
      return streamWrite === undefined ? clean : streamWrite(clean)
    },
    logMethod(args, method, level) {
      const before = finished
      try {
        if (redact !== undefined && args.length > 1) redactInterpolated(this, args, redact)
        if (logMethod === undefined) method.apply(this, args)
        else logMethod.call(this, args, method, level)
      } catch (error) {
        if (finished === before) writeReadable(this, args, method, error)
        else report('log_destination_errors', 'a log destination failed', error)
      }
    },
  }
}

/** Calls the user's mixin; one that throws adds nothing. */
export function guardedMixin<Mixin extends (...args: never[]) => object>(mixin: Mixin): Mixin {
  const guarded = (...args: Parameters<Mixin>): object => {
    try {
      return mixin(...args)
    } catch (error) {
      report('log_mixin_errors', 'the mixin of a logger failed', error)
      return {}
    }
  }
  return guarded as Mixin
}

/** Censors objects that become part of the message text (`%o`), where the finished line hides them in a string. */
function redactInterpolated(logger: Logger, args: unknown[], redact: Redactor): void {
  for (let index = 1; index < args.length; index++) {
    const value = args[index]
    if (typeof value !== 'object' || value === null) continue
    const format = internalOf(logger, pino.symbols.formatOptsSym) as { stringify(value: unknown): string | undefined }
    const text = format.stringify(value)
    if (text === undefined) continue
    const clean = redact(text)
    if (clean !== text) args[index] = JSON.parse(clean)
  }
}

function writeReadable(logger: Logger, args: unknown[], method: Parameters<LogMethodHook>[1], error: unknown): void {
  report('log_calls_failed', 'a log call could not be written as it was given', error)
  const problem = messageOf(error)
  const [first, second] = args
  const message = typeof first === 'string' ? first : typeof second === 'string' ? second : undefined
  for (const fields of [readable(first), {}]) {
    try {
      method.call(logger, { ...fields, [problemField]: problem }, message)
      return
    } catch {
      // once more, with less
    }
  }
}

/** What can be read of an object: each member whose getter throws is replaced by the reason. */
function readable(value: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  if (typeof value !== 'object' || value === null) return fields
  try {
    for (const key of Object.keys(value)) {
      try {
        fields[key] = (value as Record<string, unknown>)[key]
      } catch (error) {
        fields[key] = `[Throws: ${messageOf(error)}]`
      }
    }
  } catch {
    return {}
  }
  return fields
}

function report(counter: string, what: string, error: unknown): void {
  diagnostics.count(counter)
  diagnostics.once('warn', `${what}: ${messageOf(error)}`, counter)
}
