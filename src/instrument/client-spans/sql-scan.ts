/** A statement taken apart as far as its values need it. */
export interface ScannedStatement {
  /** Without comments, and with `?` for each string and number. */
  readonly text: string
  /** The same without what is in parentheses: the clauses of the statement itself, not of those inside it. */
  readonly outline: string
}

// Names are taken whole, so that a number in one is no number; a prefix goes with its string, a sign with its number.
const token =
  /--[^\n]*|\/\*|"|\b[bnx]?'|\be'|'|\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|\$\d+|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|(?<![\w$.")\]])[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?\w*|\d+|[()]/gi

/**
 * Reads SQL as PostgreSQL does, once from left to right: https://www.postgresql.org/docs/current/sql-syntax-lexical.html.
 *
 * What is never closed is taken for a value up to the end. So is all that follows a backslash before a quote in a plain
 * string: whether it ends there depends on a setting of the server.
 */
export function scanStatement(sql: string): ScannedStatement {
  const text: string[] = []
  const outline: string[] = []
  let depth = 0
  let at = 0
  const add = (part: string): void => {
    text.push(part)
    if (depth === 0) outline.push(part)
  }
  token.lastIndex = 0
  for (let found = token.exec(sql); found !== null; found = token.exec(sql)) {
    const [part] = found
    add(sql.slice(at, found.index))
    at = endOf(sql, part, found.index)
    token.lastIndex = at
    if (part === '(') depth++
    if (part === ')') depth = Math.max(0, depth - 1)
    if (part === '(' && depth === 1) outline.push(part)
    add(shown(part, sql, found.index, at))
  }
  add(sql.slice(at))
  return { text: text.join(''), outline: outline.join('') }
}

/** What is written of a token that begins with `part`. */
function shown(part: string, sql: string, start: number, end: number): string {
  if (part === '/*') return ' '
  if (part.startsWith('--')) return ''
  if (part === '"') return end > start + 1 && sql[end - 1] === '"' ? sql.slice(start, end) : '?'
  const isValue = part.endsWith("'") || /^(?:[+-]?\.?\d|\$\D*\$$)/.test(part)
  return isValue ? '?' : part
}

/** Where a token ends that begins with `part` at `start`. */
function endOf(sql: string, part: string, start: number): number {
  const after = start + part.length
  if (part === '/*') return endOfComment(sql, after)
  if (part === '"') return endOfQuoted(sql, after, '"')
  if (part.endsWith("'")) {
    const escapes = part.length === 2 && part[0]?.toLowerCase() === 'e'
    return endOfQuoted(sql, after, "'", escapes ? 'escape' : 'ambiguous')
  }
  if (part.length > 1 && part.startsWith('$') && part.endsWith('$')) {
    const close = sql.indexOf(part, after)
    return close === -1 ? sql.length : close + part.length
  }
  return after
}

function endOfQuoted(sql: string, from: number, quote: string, backslash?: 'escape' | 'ambiguous'): number {
  for (let at = from; at < sql.length; at++) {
    if (sql[at] === '\\' && backslash === 'escape') at++
    else if (sql[at] === '\\' && backslash === 'ambiguous' && sql[at + 1] === quote) return sql.length
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1
      at++
    }
  }
  return sql.length
}

/** Comments nest. */
function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = from
  let depth = 1
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return sql.length
}
