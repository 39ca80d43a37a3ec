import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { toPlain } from '../../transport/plain.ts'
import { visible } from './text.ts'

const kinds: Readonly<Record<SpanKind, string>> = {
  [SpanKind.INTERNAL]: 'internal',
  [SpanKind.SERVER]: 'server',
  [SpanKind.CLIENT]: 'client',
  [SpanKind.PRODUCER]: 'producer',
  [SpanKind.CONSUMER]: 'consumer',
}

const statuses: Readonly<Record<SpanStatusCode, string>> = {
  [SpanStatusCode.UNSET]: 'unset',
  [SpanStatusCode.OK]: 'ok',
  [SpanStatusCode.ERROR]: 'error',
}

const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const

export function nameOf({ name }: ReadableSpan): string {
  return textOf(name)
}

export function kindOf(span: ReadableSpan): string {
  return kinds[span.kind]
}

export function statusOf(span: ReadableSpan): string {
  return statuses[span.status.code]
}

/** The HTTP status code that a span names, by the current and the former semantic conventions. */
export function httpStatusOf({ attributes }: ReadableSpan): number | undefined {
  const code = attributes['http.response.status_code'] ?? attributes['http.status_code']
  return typeof code === 'number' ? code : undefined
}

/** What went wrong in a span, one text each: its exceptions as `type: message`, and its status message if it adds to them. */
export function errorsOf(span: ReadableSpan): string[] {
  const texts = span.events
    .filter(({ name }) => name === 'exception')
    .map(({ attributes }) => exceptionOf(attributes ?? {}))
  const found = [...new Set(texts.filter((text) => text !== undefined))]
  if (span.status.code !== SpanStatusCode.ERROR) return found
  const message = textOf(span.status.message ?? '')
  if (message !== '' && !found.some((text) => text.includes(message))) found.push(message)
  const type = textOf(span.attributes['error.type'] ?? '')
  if (found.length === 0 && type !== String(httpStatusOf(span))) found.push(type)
  return found.filter((text) => text !== '')
}

/** The exception that attributes tell of, as `type: message`, or undefined. */
export function exceptionOf(attributes: Attributes): string | undefined {
  const parts = [attributes['exception.type'], attributes['exception.message']]
  const texts = parts.filter((part) => part !== undefined && part !== '').map(textOf)
  return texts.length === 0 ? undefined : texts.join(': ')
}

/** The level of a log record: its own name if it has one, else that of its severity number. */
export function levelOf({ severityText, severityNumber }: ReadableLogRecord): string {
  if (severityText !== undefined && severityText !== '') return visible(textOf(severityText), 8).toUpperCase()
  return levels[Math.floor(((severityNumber ?? 0) - 1) / 4)] ?? 'LOG'
}

/** What a log record says: its body, or else its event name. */
export function messageOf({ body, eventName }: ReadableLogRecord): string {
  return body === undefined || body === null ? textOf(eventName ?? '') : textOf(body)
}

/** Any attribute value as one harmless line. */
export function textOf(value: unknown): string {
  return visible(typeof value === 'string' ? value : JSON.stringify(toPlain(value)))
}

export function serviceOf(span: ReadableSpan): string {
  return textOf(span.resource.attributes['service.name'] ?? 'unknown_service')
}

/** The first eight digits of a trace's id: enough to find it again. */
export function shortId(traceId: string): string {
  return visible(traceId, 64).slice(0, 8)
}

/** Who the work was for. */
export interface Who {
  readonly tenant: string | undefined
  readonly app: string | undefined
  readonly user: string | undefined
}

export function whoOf(attributes: Attributes): Who {
  const read = (key: string): string | undefined =>
    attributes[key] === undefined ? undefined : visible(textOf(attributes[key]), 256)
  return { tenant: read('tenant.id'), app: read('tenant.app_name'), user: read('user.id') }
}

// Drawn elsewhere, or the same in a whole trace.
const hidden = /^(?:tenant|user|workos\.user|exception)\./

/** The attributes worth a reader's time as `key=value`, at most `most`, those of tenant and exception left out. */
export function detailsOf(attributes: Attributes, most: number, maxLength: number): string[] {
  const details: string[] = []
  for (const key of Object.keys(attributes)) {
    if (hidden.test(key) || attributes[key] === undefined) continue
    if (details.length >= most) return [...details, '…']
    details.push(`${visible(key, 64)}=${quoted(visible(textOf(attributes[key]), maxLength))}`)
  }
  return details
}

function quoted(text: string): string {
  return text === '' || (/[\s="]/.test(text) && !/^[[{]/.test(text)) ? JSON.stringify(text) : text
}
