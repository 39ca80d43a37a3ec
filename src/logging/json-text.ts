/** The place of a value within a JSON text: from the first character up to, not including, `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** One step of a path: a key, an index, or `*` for any. */
type Segments = readonly string[]

const structure = /["{}[\]]/g
const afterLiteral = /[,}\]\s]|$/g
const space = /[^\s]|$/g

/** The index behind the string that opens at `open`. */
function endOfString(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === 92) backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  return text.length
}

function find(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? text.length
}

/** The index behind the value that starts at `start`; the end of the text where it does not end. */
export function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first !== '{' && first !== '[') return find(afterLiteral, text, start)
  let depth = 0
  let at = start
  while (at < text.length) {
    const char = text[at]
    if (char === '"') {
      at = endOfString(text, at)
    } else {
      depth += char === '{' || char === '[' ? 1 : -1
      at++
      if (depth === 0) return at
    }
    at = find(structure, text, at)
  }
  return text.length
}

/** The index of the next character that is no white space. */
export function skipSpace(text: string, from: number): number {
  return find(space, text, from)
}

/** Finds the values that stand at any of the paths, all occurrences of a repeated key included. */
export function valuesAt(text: string, paths: readonly Segments[]): Span[] {
  const found: Span[] = []
  visit(text, skipSpace(text, 0), paths, found)
  return found
}

/** Visits the value at `start`, for which `paths` are still to be walked; returns the index behind it. */
function visit(text: string, start: number, paths: readonly Segments[], found: Span[]): number {
  const isArray = text[start] === '['
  if (!isArray && text[start] !== '{') return endOfValue(text, start)
  let at = skipSpace(text, start + 1)
  for (let index = 0; at < text.length; index++) {
    if (text[at] === '}' || text[at] === ']') return at + 1
    let key = String(index)
    if (!isArray) {
      const end = endOfString(text, at)
      key = keyOf(text.slice(at, end))
      at = skipSpace(text, skipSpace(text, end) + 1)
    }
    const rest = paths.filter(([head]) => head === '*' || head === key).map((path) => path.slice(1))
    let end: number
    if (rest.some((path) => path.length === 0)) {
      end = endOfValue(text, at)
      found.push({ start: at, end })
    } else {
      end = rest.length > 0 ? visit(text, at, rest, found) : endOfValue(text, at)
    }
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
    else if (text[at] !== '}' && text[at] !== ']') return text.length
  }
  return text.length
}

function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted
  }
}
