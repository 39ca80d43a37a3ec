/** How one pino logger writes its lines. */
export interface LoggerTraits {
  readonly messageKey: string
  readonly errorKey: string
  readonly nestedKey: string | undefined
  /** The fields that `formatters.level` writes for a level, `{ level: 30 }` by default. */
  levelFields(level: number): Readonly<Record<string, unknown>>
  /** The label of a level: `info`, or that of a custom level. */
  levelLabel(level: number): string | undefined
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
  const nestedKey = property(logger, symbols.nestedKey)
  const traits: LoggerTraits = {
    messageKey: textOr(property(logger, symbols.messageKey), 'msg'),
    errorKey: textOr(property(logger, symbols.errorKey), 'err'),
    nestedKey: typeof nestedKey === 'string' && nestedKey !== '' ? nestedKey : undefined,
    levelFields: (level) => parseStart(property(property(logger, symbols.lineStarts), level)) ?? { level },
    levelLabel: (level) => {
      const label = property(property(property(logger, 'levels'), 'labels'), level)
      return typeof label === 'string' ? label : undefined
    },
  }
  known.set(logger, traits)
  return traits
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

const parsedStarts = new Map<string, Readonly<Record<string, unknown>>>()

/** Parses how a line starts at some level, `{"level":30`. */
function parseStart(start: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof start !== 'string') return undefined
  const seen = parsedStarts.get(start)
  if (seen !== undefined) return seen
  try {
    const fields = JSON.parse(`${start}}`) as Readonly<Record<string, unknown>>
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
