import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { FieldName, LineKind } from '../pipeline/log-line.ts'
import type { LogRecordLimits } from './attribute-sink.ts'
import type { FieldNames } from './field-names.ts'
import type { Redactor } from './redact.ts'
import { isUnredacted } from './settings.ts'
import { type LoggerTraits, traitsOf } from './traits.ts'

/** What the lines have in common of loggers that write the same fields of their own, and are censored alike. */
class PinoLineKind implements LineKind {
  readonly bodyField: string
  readonly limits: LogRecordLimits
  readonly #names: FieldNames
  readonly #redact: Redactor | undefined

  constructor(bodyField: string, names: FieldNames, limits: LogRecordLimits, redact: Redactor | undefined) {
    this.bodyField = bodyField
    this.limits = limits
    this.#names = names
    this.#redact = redact
  }

  nameOf(field: string): FieldName {
    return this.#names.of(field)
  }

  holdsSecret(json: string): boolean {
    return this.#redact !== undefined && this.#redact(json) !== json
  }
}

/** One logger, as its lines are read. */
export interface LoggerOfLines {
  readonly kind: LineKind
  readonly traits: LoggerTraits
  readonly scope: ReadableLogRecord['instrumentationScope']
}

/** The loggers that one capture hears, each looked at once. */
export class Loggers {
  readonly #limits: LogRecordLimits
  readonly #redact: Redactor
  readonly #known = new WeakMap<object, LoggerOfLines>()
  readonly #censored = new WeakMap<FieldNames, LineKind>()
  readonly #exempt = new WeakMap<FieldNames, LineKind>()

  constructor(limits: LogRecordLimits, redact: Redactor) {
    this.#limits = limits
    this.#redact = redact
  }

  of(logger: object): LoggerOfLines {
    const known = this.#known.get(logger)
    if (known !== undefined) return known
    const traits = traitsOf(logger)
    const found = { traits, kind: this.#kindOf(traits, isUnredacted(logger)), scope: scopeOf(logger) }
    this.#known.set(logger, found)
    return found
  }

  #kindOf({ messageKey, names }: LoggerTraits, isExempt: boolean): LineKind {
    const kinds = isExempt ? this.#exempt : this.#censored
    const redact = isExempt ? undefined : this.#redact
    const kind = kinds.get(names) ?? new PinoLineKind(messageKey, names, this.#limits, redact)
    kinds.set(names, kind)
    return kind
  }
}

const scopes = new Map<string, ReadableLogRecord['instrumentationScope']>()

/** The instrumentation scope of what a logger writes, the same object for each of one version. */
function scopeOf(logger: object): ReadableLogRecord['instrumentationScope'] {
  const { version } = logger as { version?: unknown }
  const key = typeof version === 'string' ? version : ''
  let scope = scopes.get(key)
  if (scope === undefined) {
    scope = key === '' ? { name: 'pino' } : { name: 'pino', version: key }
    scopes.set(key, scope)
  }
  return scope
}
