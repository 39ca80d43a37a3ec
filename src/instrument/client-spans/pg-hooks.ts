import { type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import type { EndedSpan } from './ended-span.ts'

export const pgScope = '@opentelemetry/instrumentation-pg'
export const poolSpanName = 'pg-pool.connect'

/** Milliseconds below which a connection counts as free at once. */
const freeWithinMs = 1

/** Spans of the pool inside which a connection was opened. */
const opened = new WeakSet<object>()

interface PgResult {
  readonly command?: string
  readonly rowCount?: number | null
}

/** What a statement gives that changes nothing; its rows are returned, those of others affected. */
const readers = new Set(['SELECT', 'FETCH', 'SHOW', 'EXPLAIN', 'VALUES'])

/**
 * Options of `@opentelemetry/instrumentation-pg`: rows of each result, and which waits of the pool opened a connection.
 *
 * What belongs to no request is left out: a queue in Postgres asks for jobs all day.
 */
export const pgOptions = {
  requireParentSpan: true,

  connectionHook: (): void => {
    // Called for the pool and, inside it, for the client it makes: then the span under way is the pool's.
    const around = trace.getActiveSpan()
    if (around !== undefined) opened.add(around)
  },

  responseHook: (span: Span, { data }: { readonly data: PgResult | readonly PgResult[] }): void => {
    const { command = '', rowCount } = Array.isArray(data) ? ((data.at(-1) ?? {}) as PgResult) : (data as PgResult)
    if (typeof rowCount !== 'number') return
    span.setAttribute(readers.has(command) ? 'db.response.returned_rows' : 'db.response.affected_rows', rowCount)
  },
}

/** The span of a connection that the pool had at hand: it says nothing, and there would be one for each query. */
export function isFreeConnection(span: EndedSpan): boolean {
  const { name, duration, status, instrumentationScope } = span
  if (name !== poolSpanName || instrumentationScope.name !== pgScope) return false
  if (status.code === SpanStatusCode.ERROR || opened.has(span)) return false
  return duration[0] === 0 && duration[1] < freeWithinMs * 1e6
}
