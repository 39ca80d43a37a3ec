/** What a statement does, for people and for counting: `SELECT notes`. */
export interface Statement {
  /** The text without the values in it. */
  readonly text: string
  readonly operation: string | undefined
  /** Operation and table: low in cardinality, by `db.query.summary` of the semantic conventions. */
  readonly summary: string | undefined
}

/** Longest statement that is looked at; the rest is cut off. */
const maxLength = 10_000
const maxRemembered = 500
const remembered = new Map<string, Statement>()

// Comments and quoted names stay; what is quoted as a value, and what is a number, goes. `$1` is no value.
const literals =
  /--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|\b[eExXbBnN]?'(?:[^'\\]|''|\\[\s\S])*'?|'(?:[^'\\]|''|\\[\s\S])*'?|(?<![\w$."])[+-]?(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?!\w)/gi

const isKept = (part: string): boolean => part.startsWith('--') || part.startsWith('/*') || part.startsWith('"')

/**
 * A statement as it may be recorded: every string and number in it is `?`, names, comments and parameters stay.
 *
 * Sanitised whether or not it has parameters: a statement with `$1` may hold values as well. By the rules for
 * `db.query.text`: https://opentelemetry.io/docs/specs/semconv/db/database-spans/#sanitization-of-dbquerytext. Remembers 500.
 */
export function statementOf(sql: string): Statement {
  const before = remembered.get(sql)
  if (before !== undefined) return before
  const text = sql.slice(0, maxLength).replace(literals, (part) => (isKept(part) ? part : '?'))
  const statement = { text, ...summaryOf(text) }
  if (remembered.size >= maxRemembered) remembered.clear()
  remembered.set(sql, statement)
  return statement
}

const name = String.raw`((?:[\w$]+|"[^"]{1,63}")(?:\.(?:[\w$]+|"[^"]{1,63}"))?)`
const targets: Readonly<Record<string, RegExp>> = {
  SELECT: new RegExp(String.raw`\bfrom\s+(?:only\s+)?${name}(?![\w$.]|\s*\()`, 'i'),
  DELETE: new RegExp(String.raw`\bfrom\s+(?:only\s+)?${name}`, 'i'),
  INSERT: new RegExp(String.raw`\binto\s+${name}`, 'i'),
  MERGE: new RegExp(String.raw`\binto\s+(?:only\s+)?${name}`, 'i'),
  UPDATE: new RegExp(String.raw`\bupdate\s+(?:only\s+)?${name}`, 'i'),
}
const known =
  /^(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|SHOW|CREATE|ALTER|DROP|TRUNCATE|COPY|CALL|DO|LOCK|LISTEN|NOTIFY|UNLISTEN|FETCH|DECLARE|CLOSE|EXPLAIN|ANALYZE|VACUUM|VALUES|REFRESH|GRANT|REVOKE|COMMENT|DISCARD)$/

function summaryOf(text: string): Omit<Statement, 'text'> {
  const plain = text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
  const operation = /^[\s(]*([a-z]+)/i.exec(plain)?.[1]?.toUpperCase()
  if (operation === undefined || !known.test(operation)) return { operation: undefined, summary: undefined }
  const table = targets[operation]?.exec(plain)?.[1]?.replaceAll('"', '')
  return { operation, summary: table === undefined ? operation : `${operation} ${table}` }
}
