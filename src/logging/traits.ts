import { FieldNames } from './field-names.ts'
import type { LineFields } from './line-fields.ts'

/** How one pino logger writes its lines. */
export interface LoggerTraits {
  readonly messageKey: string
  readonly errorKey: string
  readonly nestedKey: string | undefined
  readonly names: FieldNames
  /** False where a field may be the message and something else, or is inside another one. */
  readonly isReadAsWritten: boolean
  levelOf(level: number): LevelTraits
}

/** How a logger writes the lines of one level. */
export interface LevelTraits {
  /** `info`, or that of a custom level. */
  readonly label: string | undefined
  /** How a line begins, `{"level":30` by default; undefined where that is not known. */
  readonly start: string | undefined
  /** The fields in it, `{ level: 30 }` by default. */
  readonly fields: LineFields
}

/** The symbols of one copy of pino. */
interface PinoSymbols {
  readonly messageKey: symbol
  readonly errorKey: symbol
  readonly nestedKey: symbol
  readonly lineStarts: symbol
}

const copies: PinoSymbols[] = []
const nothing: PinoSymbols = { messageKey: Symbol(), errorKey: Symbol(), nestedKey: Symbol(), lineStarts: Symbol() }
const known = new WeakMap<object, LoggerTraits>()

/**
 * Reads how a logger writes its lines.
 *
 * The logger may be of any copy of pino in the process, each with symbols of its own, so they are found by their
 * description. What cannot be found is taken to be pino's default.
 */
export function traitsOf(logger: object): LoggerTraits {
  const seen = known.get(logger)
  if (seen !== undefined) return seen
  const symbols = copies.find((copy) => copy.messageKey in logger) ?? findSymbols(logger)
  const nested = property(logger, symbols.nestedKey)
  const messageKey = textOr(property(logger, symbols.messageKey), 'msg')
  const errorKey = textOr(property(logger, symbols.errorKey), 'err')
  const nestedKey = typeof nested === 'string' && nested !== '' ? nested : undefined
  const starts = property(logger, symbols.lineStarts)
  const levels = new Map<number, LevelTraits>()
  const others = [errorKey, nestedKey ?? errorKey, ...levelKeys(starts)]
  const traits: LoggerTraits = {
    messageKey,
    errorKey,
    nestedKey,
    names: namesOf([messageKey, ...others]),
    isReadAsWritten: nestedKey === undefined && namesOf(others).of(messageKey).isPlain,
    levelOf: (level) => {
      let found = levels.get(level)
      if (found === undefined) {
        const label = property(property(property(logger, 'levels'), 'labels'), level)
        const start = property(starts, level)
        const fields = parseStart(start)
        found = {
          label: typeof label === 'string' ? label : undefined,
          start: fields === undefined || Object.keys(fields).length === 0 ? undefined : (start as string),
          fields: fields ?? { level },
        }
        levels.set(level, found)
      }
      return found
    },
  }
  known.set(logger, traits)
  return traits
}

const namesByKind = new Map<string, FieldNames>()

/** Loggers that write the same fields of their own share one, as those made for each request do. */
function namesOf(written: readonly string[]): FieldNames {
  const kind = JSON.stringify(written)
  const seen = namesByKind.get(kind)
  if (seen !== undefined) return seen
  const names = new FieldNames(written)
  if (namesByKind.size >= 100) namesByKind.clear()
  namesByKind.set(kind, names)
  return names
}

const keysOfStarts = new WeakMap<object, readonly string[]>()

/** The fields in which a logger writes its levels. */
function levelKeys(starts: unknown): readonly string[] {
  if (typeof starts !== 'object' || starts === null) return ['level']
  const seen = keysOfStarts.get(starts)
  if (seen !== undefined) return seen
  const fields = Object.values(starts).flatMap((start) => Object.keys(parseStart(start) ?? {}))
  const keys = [...new Set(['level', ...fields])]
  keysOfStarts.set(starts, keys)
  return keys
}

function findSymbols(logger: object): PinoSymbols {
  const found = new Map<string, symbol>()
  for (let object: object | null = logger; object !== null; object = Object.getPrototypeOf(object) as object | null) {
    for (const symbol of Object.getOwnPropertySymbols(object)) found.set(symbol.description ?? '', symbol)
  }
  const messageKey = found.get('pino.messageKey')
  if (messageKey === undefined) return nothing
  const symbols: PinoSymbols = {
    messageKey,
    errorKey: found.get('pino.errorKey') ?? nothing.errorKey,
    nestedKey: found.get('pino.nestedKey') ?? nothing.nestedKey,
    lineStarts: found.get('pino.lsCache') ?? nothing.lineStarts,
  }
  copies.push(symbols)
  return symbols
}

const parsedStarts = new Map<string, LineFields>()

/** Parses how a line starts at some level, `{"level":30`. */
function parseStart(start: unknown): LineFields | undefined {
  if (typeof start !== 'string') return undefined
  const seen = parsedStarts.get(start)
  if (seen !== undefined) return seen
  try {
    const fields = JSON.parse(`${start}}`) as LineFields
    if (parsedStarts.size >= 200) parsedStarts.clear()
    parsedStarts.set(start, fields)
    return fields
  } catch {
    return undefined
  }
}

function property(object: unknown, key: string | number | symbol): unknown {
  return typeof object === 'object' && object !== null ? (object as Record<PropertyKey, unknown>)[key] : undefined
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}
