import type { DestinationStream, Logger, LoggerOptions as PinoOptions } from 'pino'
import { correlationOf } from './correlation.ts'
import { guardedHooks, guardedMixin } from './guard.ts'
import { pino } from './pino.ts'
import { exemptFromRedaction, followLevel, loggingSettings, redactByConfig } from './settings.ts'
import { createStdout } from './stdout.ts'

export { configureLogging, defaultLoggingSettings } from './settings.ts'
export type { Logger }

/**
 * Everything that pino takes; `redact: false` switches the default redaction off for this logger, here and in the
 * pipeline.
 */
export type LoggerOptions<CustomLevels extends string = never, UseOnlyCustomLevels extends boolean = boolean> = Omit<
  PinoOptions<CustomLevels, UseOnlyCustomLevels>,
  'redact'
> & {
  /** Paths, or pino's redact options, censored by pino beside the default names. */
  readonly redact?: PinoOptions['redact'] | false
}

const stdout = createStdout(() => loggingSettings().stdout)

/**
 * Makes a pino logger whose lines carry `trace_id`, `span_id`, `trace_flags` and the tenant, and whose secrets are
 * censored.
 *
 * It is a real pino logger: children, levels, serializers, redact, formatters, hooks, mixin and transports are pino's.
 * It can be made and used before `startTelemetry`; what start-up decides (level, further paths to censor, stdout) then
 * holds for it too. Without `level` it follows the configured one. Without `destination` and `transport` it writes to
 * stdout, synchronously, and survives stdout being closed.
 *
 * Throws what pino throws for options it does not take. A log call never throws.
 */
export function createLogger<CustomLevels extends string = never, UseOnlyCustomLevels extends boolean = boolean>(
  options: LoggerOptions<CustomLevels, UseOnlyCustomLevels> = {},
  destination?: DestinationStream,
): Logger<CustomLevels, UseOnlyCustomLevels> {
  const { redact, mixin, hooks, ...others } = options
  const own = mixin === undefined ? undefined : guardedMixin(mixin)
  const all: PinoOptions<CustomLevels, UseOnlyCustomLevels> = {
    ...others,
    ...(redact === undefined || redact === false ? {} : { redact }),
    hooks: guardedHooks(hooks, redact === false ? undefined : redactByConfig),
    mixin(given, level, logger) {
      const fields = correlationOf(given, logger)
      return own === undefined ? fields : Object.assign(fields, own(given, level, logger))
    },
  }
  const logger = others.transport === undefined ? pino(all, destination ?? stdout) : pino(all)
  if (redact === false) exemptFromRedaction(logger)
  if (others.level === undefined && others.enabled !== false) followLevel(logger)
  return logger
}

/** The service's logger: `createLogger()` without options. */
export const logger: Logger = createLogger()
