import type { Logger } from 'pino'
import type { LevelName } from '../config/types.ts'
import { diagnostics } from '../diagnostics.ts'
import { createRedactor, type Redactor } from './redact.ts'

/** What start-up decides for all loggers of this library, those made before it included. */
export interface LoggingSettings {
  /** Level of every logger whose level was not set by its maker. */
  readonly level: LevelName | 'silent'
  /** Paths, in pino's syntax, censored beside the default names. */
  readonly redact: readonly string[]
  /** Last words of names whose values are censored beside the default ones. */
  readonly redactKeys: readonly string[]
  /** False where nothing is to be written to stdout; the records still reach the pipeline. */
  readonly stdout: boolean
}

/** What holds before a start and after a stop. */
export const defaultLoggingSettings: LoggingSettings = Object.freeze({
  level: 'info',
  redact: [],
  redactKeys: [],
  stdout: true,
})

let settings: LoggingSettings = defaultLoggingSettings
let redact: Redactor = createRedactor()
let followers: WeakRef<Logger<string>>[] = []
let sweepAt = 64
const unredacted: unique symbol = Symbol('signalbox.unredacted')
const givenLevels = new WeakMap<object, string>()

/** Censors a JSON text by the settings in force. */
export function redactByConfig(json: string): string {
  return redact(json)
}

/** Exempts a logger and its children from {@link redactByConfig}. */
export function exemptFromRedaction(logger: object): void {
  Object.defineProperty(logger, unredacted, { value: true })
}

export function isUnredacted(logger: object): boolean {
  return unredacted in logger
}

export function loggingSettings(): LoggingSettings {
  return settings
}

/**
 * Sets level, redaction and stdout for all loggers of `createLogger`, past and future.
 *
 * A logger follows the level until someone sets it: by its options, by `logger.level = …`, or for a child by the
 * options of `child`. Redaction covers bindings given before. Call it with {@link defaultLoggingSettings} to go back.
 */
export function configureLogging(next: LoggingSettings): void {
  settings = next
  redact = createRedactor(next.redact, next.redactKeys)
  sweep()
  for (const follower of followers) {
    const logger = follower.deref()
    if (logger !== undefined) giveLevel(logger)
  }
}

/** Makes a logger follow the configured level. */
export function followLevel(logger: Logger<string>): void {
  if (followers.length >= sweepAt) sweep()
  followers.push(new WeakRef(logger))
  giveLevel(logger)
}

function giveLevel(logger: Logger<string>): void {
  const given = givenLevels.get(logger)
  if (given !== undefined && logger.level !== given) return
  try {
    logger.level = settings.level
    givenLevels.set(logger, settings.level)
  } catch {
    diagnostics.once('warn', `a logger has no level ${settings.level} and keeps its own, ${logger.level}`)
  }
}

function sweep(): void {
  followers = followers.filter((follower) => follower.deref() !== undefined)
  sweepAt = Math.max(64, followers.length * 2)
}
