import type { Attributes, SpanContext } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { AttributeSink, bounded, type LogRecordLimits } from './attribute-sink.ts'
import { type ExceptionFields, readException } from './exception.ts'
import type { FieldName } from '../pipeline/log-line.ts'
import { attributeName, eventNameField } from './field-names.ts'
import { asFields, contextOf, parseLine, validContext } from './line-fields.ts'
import type { Loggers } from './loggers.ts'
import { isSaidElsewhere } from './said-elsewhere.ts'
import { severityOf } from './severity.ts'
import { hrTimeOf, readTime } from './timestamp.ts'

/** One log call as it was captured: the finished line, and what was in force at that moment. */
export interface CapturedLine {
  /** The line as pino made it. */
  readonly line: string
  readonly level: number
  /** What pino's `timestamp` function returned. */
  readonly time: unknown
  readonly capturedAtMs: number
  readonly logger: object
  readonly spanContext: SpanContext | undefined
  /** Attributes of the tenant and the work, shared and frozen. */
  readonly attributes: Readonly<Attributes>
}

/** What is the same for all records of a process. */
export interface LogEnvironment {
  readonly resource: Resource
  readonly limits: LogRecordLimits
  /** Censors a line; that of the start the record was captured under, also when it is read after a stop. */
  readonly redact: (json: string) => string
  readonly loggers: Loggers
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/**
 * Makes an OpenTelemetry log record of a pino line, `line` being the captured one with its secrets censored.
 *
 * Body is the message, severity and its text are the level, `err` becomes `exception.*`, every other field an attribute
 * with nested objects kept as maps. What pino itself adds (level, time, pid, hostname) is not repeated. A field of the
 * line wins over an attribute of the work of the same name. `otel.event.name` becomes the event name. The
 * instrumentation scope is `pino` with its version; the `name` of a logger stays an attribute, as the line does not
 * tell it from a field of that name. A line that is no JSON object becomes the body as it is, and is counted
 * (`log_lines_unparsed`). Never throws.
 */
export function toLogRecord(captured: CapturedLine, line: string, environment: LogEnvironment): ReadableLogRecord {
  const fields = parseLine(line)
  const { traits, scope } = environment.loggers.of(captured.logger)
  const time = readTime(captured.time)
  const observed = hrTimeOf(captured.capturedAtMs)
  const sink = new AttributeSink(environment.limits)
  const level = traits.levelOf(captured.level)
  const record: Writable<ReadableLogRecord> = {
    hrTime: time?.hrTime ?? observed,
    hrTimeObserved: observed,
    resource: environment.resource,
    instrumentationScope: scope,
    attributes: sink.attributes,
    droppedAttributesCount: 0,
  }
  const severityNumber = severityOf(captured.level)
  if (severityNumber !== undefined) record.severityNumber = severityNumber
  if (level.label !== undefined) record.severityText = level.label
  if (fields === undefined) {
    putWork(sink, captured.attributes, undefined)
    const spanContext = validContext(captured.spanContext)
    if (spanContext !== undefined) record.spanContext = spanContext
    record.body = line.trimEnd()
    record.droppedAttributesCount = sink.droppedCount
    return record
  }

  const { messageKey, errorKey, nestedKey, names } = traits
  const nested = nestedKey === undefined ? undefined : asFields(fields[nestedKey])
  const spanContext = validContext(captured.spanContext) ?? contextOf(fields) ?? (nested && contextOf(nested))
  const exception = readException(fields[errorKey]) ?? (nested && readException(nested[errorKey]))
  const message = fields[messageKey]
  const eventName = fields[eventNameField]
  const elsewhere = { attributes: captured.attributes, time, level, spanContext }
  const isTaken = (key: string, value: unknown, { isPlain }: FieldName): boolean =>
    isSaidElsewhere(key, value, isPlain, elsewhere) || (!isPlain && key === errorKey && exception !== undefined)

  const nestedTenant = fields['tenant.id'] === undefined ? nested?.['tenant.id'] : undefined
  putWork(sink, captured.attributes, fields['tenant.id'] ?? nestedTenant)
  if (typeof nestedTenant === 'string') sink.putWhole('tenant.id', nestedTenant)
  putException(sink, exception, errorKey)
  for (const key in fields) {
    const value = fields[key]
    const name = names.of(key)
    if (!name.isPlain && (key === messageKey || (key === eventNameField && typeof value === 'string'))) continue
    if (nested !== undefined && key === nestedKey) {
      const kept = Object.entries(nested).filter(([member, inner]) => !isTaken(member, inner, names.of(member)))
      if (kept.length > 0) sink.put(name.attribute, Object.fromEntries(kept))
    } else if (!isTaken(key, value, name)) {
      sink.put(name.attribute, value)
    }
  }
  if (spanContext !== undefined) record.spanContext = spanContext
  const body = bounded(message ?? exception?.message, Number.POSITIVE_INFINITY)
  if (body !== undefined) record.body = body
  if (typeof eventName === 'string') record.eventName = eventName
  record.droppedAttributesCount = sink.droppedCount
  return record
}

/** The work's attributes, without those of its tenant where the line names another one. */
function putWork(sink: AttributeSink, attributes: Readonly<Attributes>, lineTenant: unknown): void {
  const foreign = lineTenant !== undefined && lineTenant !== attributes['tenant.id']
  for (const key of Object.keys(attributes)) {
    if (!(foreign && key.startsWith('tenant.'))) sink.putWhole(key, attributes[key])
  }
}

function putException(sink: AttributeSink, exception: ExceptionFields | undefined, errorKey: string): void {
  if (exception === undefined) return
  sink.put('exception.type', exception.type)
  sink.put('exception.message', exception.message)
  sink.put('exception.stacktrace', exception.stacktrace)
  sink.put(attributeName(errorKey), exception.rest)
}
