import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import {
  detailsOf,
  errorsOf,
  exceptionOf,
  httpStatusOf,
  kindOf,
  levelOf,
  messageOf,
  nameOf,
  shortId,
  type Who,
  whoOf,
} from './facts.ts'
import { compose, type Piece, spaced } from './layout.ts'
import { levelStyle, type Painter } from './painter.ts'
import { durationText, timeOfDay, toMs } from './time.ts'

/** Most attributes shown of one log record, and most characters of a value. */
const maxDetails = 8
const maxDetailLength = 80

/** A finished span as one line for people. */
export function spanLine(span: ReadableSpan, paint: Painter): string {
  const { traceId, spanId } = span.spanContext()
  return join(
    paint,
    ['faint', timeOfDay(toMs(span.startTime))],
    ['plain', 'SPAN '],
    ['strong', nameOf(span)],
    ...stateOf(span),
    ['plain', durationText(toMs(span.duration))],
    ...errorsOf(span).map((text): Piece => ['bad', text]),
    ...whoPieces(whoOf(span.attributes)),
    ['faint', `${shortId(traceId)}/${shortId(spanId)}`],
  )
}

/** A log record as one line for people, its trace named where it has one. */
export function logLine(record: ReadableLogRecord, paint: Painter): string {
  const context = record.spanContext
  return join(
    paint,
    ['faint', timeOfDay(toMs(record.hrTime))],
    [levelStyle(record.severityNumber), levelOf(record).padEnd(5)],
    ['plain', messageOf(record)],
    ['bad', exceptionOf(record.attributes) ?? ''],
    ['faint', detailsOf(record.attributes, maxDetails, maxDetailLength).join(' ')],
    ...whoPieces(whoOf(record.attributes)),
    ['faint', context === undefined ? '' : `${shortId(context.traceId)}/${shortId(context.spanId)}`],
  )
}

/** Kind (where it says something), HTTP status and outcome of a span. */
export function stateOf(span: ReadableSpan): Piece[] {
  const kind = kindOf(span)
  const { code } = span.status
  const failed = code === SpanStatusCode.ERROR
  const httpStatus = httpStatusOf(span)
  return [
    ['faint', kind === 'internal' ? '' : kind],
    [
      failed ? 'bad' : (httpStatus ?? 0) >= 400 ? 'warning' : 'good',
      httpStatus === undefined ? '' : String(httpStatus),
    ],
    failed ? ['bad', '✗ error'] : ['good', code === SpanStatusCode.OK ? '✓ ok' : ''],
  ]
}

/** Tenant and user, each left out where it is the same as in `known`. */
export function whoPieces(who: Who, known?: Who): Piece[] {
  const app = who.app === undefined ? '' : ` (${who.app})`
  const newTenant = who.tenant !== undefined && who.tenant !== known?.tenant
  const newUser = who.user !== undefined && who.user !== known?.user
  return [
    ['who', newTenant ? `tenant ${who.tenant}${app}` : ''],
    ['who', newUser ? `user ${who.user}` : ''],
  ]
}

function join(paint: Painter, ...pieces: readonly Piece[]): string {
  return compose(paint, spaced(...pieces), Number.POSITIVE_INFINITY)
}
