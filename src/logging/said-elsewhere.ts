import { hostname } from 'node:os'
import type { Attributes, SpanContext } from '@opentelemetry/api'
import { same } from './line-fields.ts'
import type { TimeField } from './timestamp.ts'
import type { LevelTraits } from './traits.ts'

/** What a record says beside its fields. */
export interface Elsewhere {
  readonly attributes: Readonly<Attributes>
  readonly time: TimeField | undefined
  readonly level: LevelTraits
  readonly spanContext: SpanContext | undefined
}

const machine = hostname()

/** True for a field that repeats it, as pino writes level, time and the like into each line; `isPlain` for one that pino never writes. */
export function isSaidElsewhere(
  key: string,
  value: unknown,
  isPlain: boolean,
  { attributes, time, level, spanContext }: Elsewhere,
): boolean {
  if (attributes[key] === value || (key === time?.key && same(time.value, value))) return true
  if (isPlain) return false
  return (Object.hasOwn(level.fields, key) && same(level.fields[key], value)) || isOfPino(key, value, spanContext)
}

/** True for what pino, or the instrumentation of it, writes beside the level and the time. */
function isOfPino(key: string, value: unknown, spanContext: SpanContext | undefined): boolean {
  switch (key) {
    case 'pid':
      return value === process.pid
    case 'hostname':
      return value === machine
    case 'trace_id':
      return spanContext !== undefined && value === spanContext.traceId
    case 'span_id':
      return spanContext !== undefined && value === spanContext.spanId
    case 'trace_flags':
      return spanContext !== undefined
    default:
      return false
  }
}
