import { safeAttributes } from './safe-attributes.ts'
import { countNamePattern, lastWordsPattern, secretNamePattern } from './secret-names.ts'

const countName = new RegExp(`${countNamePattern}$`)

/** What is known of the values of one attribute. */
export interface KeyRule {
  readonly isSafe: boolean
  readonly isSecret: boolean
  /** Numbers under this name count something, and are no secrets. */
  readonly isCount: boolean
  /** The last text that was looked at and has no secret: most attributes have few different ones. */
  lastClean: string | undefined
  /** More of them, for statements: a service has few, which take turns. */
  readonly clean: Set<string> | undefined
}

const statements = new Set(['db.query.text', 'db.statement'])

/** Statements that are remembered, and how long they may be. */
const maxStatements = 200
const maxStatementLength = 2_000

/** Remembers a text that has no secret. */
export function rememberClean(rule: KeyRule, text: string): void {
  rule.lastClean = text
  if (rule.clean === undefined || text.length > maxStatementLength) return
  if (rule.clean.size >= maxStatements) rule.clean.clear()
  rule.clean.add(text)
}

/** Keys that are remembered; past it all are forgotten, so that keys made of values cannot fill memory. */
const maxKeys = 4_000

/** What is to be done with the values of each attribute, found out once for each key. */
export class KeyRules {
  readonly #rules = new Map<string, KeyRule>()
  readonly #secret: RegExp
  readonly #isSafe: (key: string) => boolean

  constructor(secretKeys: readonly string[], safeKeys: readonly string[]) {
    const own = secretKeys.map(lastWordsPattern).filter((pattern) => pattern !== '')
    this.#secret = new RegExp(`(?:${[secretNamePattern, ...own].join('|')})$`)
    const exact = new Set(safeKeys)
    const beginnings = safeKeys.filter((key) => key.endsWith('*')).map((key) => key.slice(0, -1))
    this.#isSafe = (key) => exact.has(key) || beginnings.some((beginning) => key.startsWith(beginning))
  }

  of(key: string): KeyRule {
    return this.#rules.get(key) ?? this.#learn(key)
  }

  #learn(key: string): KeyRule {
    const isGivenSafe = this.#isSafe(key)
    const isAlwaysSecret = this.#secret.test(key)
    const isCount = !isAlwaysSecret && countName.test(key)
    const isSecret = !isGivenSafe && (isAlwaysSecret || isCount)
    const isSafe = isGivenSafe || (!isSecret && safeAttributes.has(key))
    const clean = statements.has(key) ? new Set<string>() : undefined
    const rule = { isSafe, isSecret, isCount, lastClean: undefined, clean }
    if (this.#rules.size >= maxKeys) this.#rules.clear()
    this.#rules.set(key, rule)
    return rule
  }
}
