import { scanStatement } from './sql-scan.ts'

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

/** Statements longer than this are made by the hundred, each its own: they are read again each time. */
const maxRememberedLength = 2_000
const maxRemembered = 500
const remembered = new Map<string, Statement>()

/**
 * A statement as it may be recorded: every string and number in it is `?`, comments are gone, names and parameters stay.
 *
 * Sanitised whether or not it has parameters: a statement with `$1` may hold values as well. By the rules for
 * `db.query.text`: https://opentelemetry.io/docs/specs/semconv/db/database-spans/#sanitization-of-dbquerytext. Reads the
 * first 10,000 characters; remembers 500 statements of up to 2,000.
 */
export function statementOf(sql: string): Statement {
  const before = remembered.get(sql)
  if (before !== undefined) return before
  const { text, outline } = scanStatement(sql.slice(0, maxLength))
  const statement = { text: text.trim(), ...summaryOf(text, outline) }
  if (sql.length > maxRememberedLength) return statement
  if (remembered.size >= maxRemembered) remembered.clear()
  remembered.set(sql, statement)
  return statement
}

const name = String.raw`((?:[\w$]+|"[^"]{1,63}")(?:\.(?:[\w$]+|"[^"]{1,63}"))?)`
const from = String.raw`(?<!\bdistinct\s)\bfrom\s+(?:only\s+)?${name}(?![\w$.]|\s*\()`
const targets: Readonly<Record<string, RegExp>> = {
  SELECT: new RegExp(from, 'i'),
  DELETE: new RegExp(from, 'i'),
  INSERT: new RegExp(String.raw`\binto\s+${name}`, 'i'),
  MERGE: new RegExp(String.raw`\binto\s+(?:only\s+)?${name}`, 'i'),
  UPDATE: new RegExp(String.raw`\bupdate\s+(?:only\s+)?${name}`, 'i'),
}
const known =
  /^(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|SHOW|CREATE|ALTER|DROP|TRUNCATE|COPY|CALL|DO|LOCK|LISTEN|NOTIFY|UNLISTEN|FETCH|DECLARE|CLOSE|EXPLAIN|ANALYZE|VACUUM|VALUES|REFRESH|GRANT|REVOKE|COMMENT|DISCARD)$/

function summaryOf(text: string, outline: string): Omit<Statement, 'text'> {
  const first = /^[\s(]*([a-z]+)/i.exec(text)?.[1]?.toUpperCase()
  if (first === undefined || !known.test(first)) return { operation: undefined, summary: undefined }
  const operation = first === 'WITH' ? mainOperation(outline) : first
  const table = targets[operation]?.exec(outline)?.[1]?.replaceAll('"', '')
  return { operation, summary: table === undefined ? operation : `${operation} ${table}` }
}

/** What a statement does that begins with the queries it needs for it. */
function mainOperation(outline: string): string {
  return /\b(?:select|insert|update|delete|merge)\b/i.exec(outline)?.[0]?.toUpperCase() ?? 'WITH'
}
