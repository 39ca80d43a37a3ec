import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { EndedSpan } from './ended-span.ts'
import { pgScope, poolSpanName } from './pg-hooks.ts'
import { statementOf } from './sql-text.ts'

/** Both spellings of the system; for Postgres a statement without values and a name that says what it does; the error's code. */
export function completeDatabaseSpan(span: EndedSpan): void {
  const { attributes } = span
  const system = attributes['db.system.name'] ?? attributes['db.system']
  attributes['db.system'] ??= system
  attributes['db.system.name'] ??= system
  const failed = span.status.code === SpanStatusCode.ERROR
  if (span.instrumentationScope.name === pgScope) {
    // Waiting for a connection calls nobody: as a CLIENT span it would count as a call of the database.
    if (span.name === poolSpanName) span.kind = SpanKind.INTERNAL
    completeStatement(span)
    if (failed) completePgError(span)
  } else if (failed && system === 'redis') {
    completeRedisError(span)
  }
}

function completeStatement(span: EndedSpan): void {
  const { attributes } = span
  // Releases before the stable conventions write the old name.
  const sql = attributes['db.query.text'] ?? attributes['db.statement']
  if (typeof sql !== 'string') return
  delete attributes['db.statement']
  const { text, operation, summary } = statementOf(sql)
  attributes['db.query.text'] = text
  if (operation === undefined || summary === undefined) return
  attributes['db.operation.name'] ??= operation
  attributes['db.query.summary'] ??= summary
  span.name = summary
}

/** The instrumentation's exception names the error's type and code and nothing else; its status has the message, values and all. */
function completePgError(span: EndedSpan): void {
  const message = exceptionMessage(span)
  const [, type, code] = /type '(\w+)' occurred \(code: (\w+)\)$/.exec(message ?? '') ?? []
  span.status = { code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) }
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) span.attributes['db.response.status_code'] ??= code
  span.attributes['error.type'] ??= code === undefined || code === 'UNKNOWN' ? (type ?? '_OTHER') : code
}

/** Errors of Redis begin with their code: `WRONGTYPE Operation against a key …`; what follows may repeat the arguments. */
function completeRedisError(span: EndedSpan): void {
  const [code] = /^[A-Z]{2,30}(?= )/.exec(span.status.message ?? '') ?? []
  if (code !== undefined) span.attributes['db.response.status_code'] ??= code
  const type = code ?? exceptionType(span) ?? '_OTHER'
  span.attributes['error.type'] ??= type
  span.status = { code: SpanStatusCode.ERROR, message: type }
  for (const { name, attributes } of span.events) {
    if (name !== 'exception' || attributes === undefined) continue
    const { 'exception.message': message, 'exception.stacktrace': stack } = attributes
    attributes['exception.message'] = type
    if (typeof message === 'string' && typeof stack === 'string')
      attributes['exception.stacktrace'] = stack.replaceAll(message, type)
  }
}

function exceptionMessage({ events }: EndedSpan): string | undefined {
  const message = events.find(({ name }) => name === 'exception')?.attributes?.['exception.message']
  return typeof message === 'string' ? message : undefined
}

function exceptionType({ events }: EndedSpan): string | undefined {
  const type = events.find(({ name }) => name === 'exception')?.attributes?.['exception.type']
  return typeof type === 'string' ? type : undefined
}
