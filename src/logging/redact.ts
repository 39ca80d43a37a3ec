import { endOfValue, skipSpace, valuesAt, type Span } from './json-text.ts'
import {
  countNamePattern,
  lastWordsPattern,
  namePattern,
  secretNamePattern,
  secretTails,
  tailOf,
  tailsPattern,
} from '../pipeline/redaction/secret-names.ts'

/** Takes a JSON text, usually one log line, and gives it back with its secrets censored. Never throws. */
export type Redactor = (json: string) => string

const censored = '"[Redacted]"'
const pathSegment = /\[\s*(?:"([^"]*)"|'([^']*)'|([^\]]*))\s*\]|[^.[\]]+/g
const harmless = new Set(['null', 'true', 'false'])

/**
 * Makes a redactor that censors the values of the usual secret names at any depth, and those at `paths`.
 *
 * It works on the finished JSON text: after serializers, `toJSON`, bindings and child loggers, so that no way of
 * logging goes round it, and a line without a secret costs one regular expression. Names are those of attributes: the
 * last words of a key, in any case; numbers under names of counts (`tokens`, `max_token`) stay. A path is written as
 * pino writes them (`user.ssn`, `*.card`, `items[*].key`, `["x-y"].z`) and starts at the top of the line; a path of one
 * name (`ssn`) is censored at any depth, like the default ones, and compared without case, `_` and `-`. `null`, `true`
 * and `false` stay, as they give nothing away. Text inside a string, a message for example, is not looked into. `keys` are
 * last words of further names.
 */
export function createRedactor(paths: readonly string[] = [], keys: readonly string[] = []): Redactor {
  const parsed = paths.map(parsePath).filter((path) => path.length > 0)
  const names = parsed
    .filter((path) => path.length === 1)
    .map(([name]) => name as string)
    .filter(isName)
  const places = parsed.filter((path) => path.length > 1 || path[0] === '*')
  const ofKeys = keys.map(lastWordsPattern).filter((pattern) => pattern !== '')
  const allNames = [secretNamePattern, ...names.map((name) => `"${namePattern(name)}`), ...ofKeys].join('|')
  // A number under a name of a count is one; what a map under it holds is told by the names in that map.
  // The last letters alone are found several times as fast, and most lines have no key that ends in them.
  const tail = `${tailsPattern([...secretTails, ...names.map(tailOf), ...keys.map(tailOf).filter((tail) => tail !== '')])}":`
  const mayHaveSecret = new RegExp(tail, 'i')
  const eachSecret = new RegExp(`${tail}(?<=(?:${allNames}|${countNamePattern}(?=":\\s*(?:\\[\\s*)?"))":)`, 'g')
  const placed = places.length === 0 ? undefined : placeTest(places)

  return (json) => {
    let text = json
    if (mayHaveSecret.test(json)) text = splice(json, valuesOfKeys(json, eachSecret))
    if (placed?.(text)) text = splice(text, valuesAt(text, places))
    return text
  }
}

function isName(segment: string): boolean {
  return segment !== '*' && namePattern(segment) !== ''
}

/** The segments of a path in pino's syntax. */
function parsePath(path: string): string[] {
  return [...path.matchAll(pathSegment)].map(
    ([whole, double, single, plain]) => double ?? single ?? plain?.trim() ?? whole,
  )
}

/** A quick test whether a text can have a value at one of the paths. */
function placeTest(places: readonly (readonly string[])[]): (json: string) => boolean {
  const needles = places.map((path) => {
    const key = path.findLast((segment) => segment !== '*' && !/^\d+$/.test(segment))
    return key === undefined ? '' : `${JSON.stringify(key)}:`
  })
  return (json) => needles.some((needle) => json.includes(needle))
}

function valuesOfKeys(json: string, key: RegExp): Span[] {
  const found: Span[] = []
  key.lastIndex = 0
  for (let match = key.exec(json); match !== null; match = key.exec(json)) {
    const start = skipSpace(json, key.lastIndex)
    const end = endOfValue(json, start)
    found.push({ start, end })
    key.lastIndex = end
  }
  return found
}

function splice(json: string, spans: readonly Span[]): string {
  let text = ''
  let at = 0
  for (const { start, end } of spans) {
    if (harmless.has(json.slice(start, end))) continue
    text += json.slice(at, start) + censored
    at = end
  }
  return text + json.slice(at)
}
