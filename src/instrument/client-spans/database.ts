import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { EndedSpan } from './ended-span.ts'
import { statementOf } from './sql-text.ts'

const pgScope = '@opentelemetry/instrumentation-pg'
const pool = 'pg-pool.connect'

/** Milliseconds below which a connection counts as free at once: nobody waited, and nothing was opened. */
const freeWithinMs = 1

/** The span of a connection that the pool had at hand: it says nothing, and there would be one for each query. */
export function isFreeConnection({ name, duration, status }: EndedSpan): boolean {
  if (name !== pool || status.code === SpanStatusCode.ERROR) return false
  return duration[0] === 0 && duration[1] < freeWithinMs * 1e6
}

/** Both spellings of the system; for Postgres a statement without values, a name that says what it does, the error's code. */
export function completeDatabaseSpan(span: EndedSpan): void {
  const { attributes } = span
  const system = attributes['db.system.name'] ?? attributes['db.system']
  attributes['db.system'] ??= system
  attributes['db.system.name'] ??= system
  if (span.instrumentationScope.name !== pgScope) return
  // Waiting for a connection calls nobody: as a CLIENT span it would count as a call of the database.
  if (span.name === pool) span.kind = SpanKind.INTERNAL
  completeStatement(span)
  if (span.status.code === SpanStatusCode.ERROR) completeError(span)
}

function completeStatement(span: EndedSpan): void {
  const { attributes } = span
  const sql = attributes['db.query.text']
  if (typeof sql !== 'string') return
  const { text, operation, summary } = statementOf(sql)
  attributes['db.query.text'] = text
  if (operation === undefined || summary === undefined) return
  attributes['db.operation.name'] ??= operation
  attributes['db.query.summary'] ??= summary
  span.name = summary
}

/** The instrumentation's exception names the SQLSTATE and nothing else; the status repeats the message, values and all. */
function completeError(span: EndedSpan): void {
  const message = span.events.find(({ name }) => name === 'exception')?.attributes?.['exception.message']
  const code = typeof message === 'string' ? /\(code: (\w+)\)$/.exec(message)?.[1] : undefined
  if (code === undefined) return
  span.attributes['error.type'] ??= code
  span.attributes['db.response.status_code'] ??= code
  span.status = { code: SpanStatusCode.ERROR, message: message as string }
}

interface PgResult {
  readonly command?: string
  readonly rowCount?: number | null
}

/** Rows that a query of `pg` gave or changed; a response hook of its instrumentation. */
export function recordRows(span: Span, { data }: { readonly data: PgResult | readonly PgResult[] }): void {
  const { command, rowCount } = Array.isArray(data) ? ((data.at(-1) ?? {}) as PgResult) : (data as PgResult)
  if (typeof rowCount !== 'number') return
  span.setAttribute(command === 'SELECT' ? 'db.response.returned_rows' : 'db.response.affected_rows', rowCount)
}
