import type { Attributes } from '@opentelemetry/api'

/** Limits of a log record, as `OTEL_LOGRECORD_*` and `OTEL_ATTRIBUTE_*` set them. */
export interface LogRecordLimits {
  /** Most attributes a record may have; 128 by the specification. */
  readonly attributeCountLimit: number
  /** Most characters of a string within an attribute; `Infinity` by the specification. */
  readonly attributeValueLengthLimit: number
}

export const defaultLimits: LogRecordLimits = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: Number.POSITIVE_INFINITY,
}

/** Levels of nesting below which a value is kept as JSON text, so that nothing downstream runs out of stack. */
const maxDepth = 32

// Grafana Loki reads a record's level out of attributes of these names before it looks at the severity number, and
// takes the others for the record's own.
const takenNames = new Set([
  'level',
  'lvl',
  'log.level',
  'severity',
  'severitytext',
  'severity_text',
  'severity_number',
  'detected_level',
  'time',
  'timestamp',
  'observed_timestamp',
  'trace_id',
  'span_id',
  'trace_flags',
  'flags',
  '__proto__',
])

/**
 * The attribute name for a field of a log line.
 *
 * A field whose name means something else to a backend (`level`, `severity`, `time`, `trace_id`), or that no backend
 * can store (an empty one), is kept as `field.<name>`.
 */
export function attributeName(field: string): string {
  const known = names.get(field)
  if (known !== undefined) return known
  const name = takenNames.has(field.toLowerCase()) || !/[A-Za-z0-9]/.test(field) ? `field.${field}` : field
  if (names.size >= maxNames) names.clear()
  names.set(field, name)
  return name
}

/** Names that are remembered; past it all are forgotten, so that names made of values cannot fill memory. */
const maxNames = 4_000
const names = new Map<string, string>()

/** Attributes of one record, as they are put together within its limits. */
export class AttributeSink {
  readonly attributes: Attributes = {}
  droppedCount = 0
  #count = 0
  readonly #limits: LogRecordLimits

  constructor(limits: LogRecordLimits) {
    this.#limits = limits
  }

  /** Sets an attribute of the tenant or the work whole, whatever the limits: a record always says whose it is. */
  putWhole(name: string, value: Attributes[string]): void {
    if (!Object.hasOwn(this.attributes, name)) this.#count++
    this.attributes[name] = value
  }

  /** Sets one attribute; the value must come from `JSON.parse` and nobody else may hold it. */
  put(name: string, value: unknown): void {
    if (value === undefined) return
    if (!Object.hasOwn(this.attributes, name)) {
      if (this.#count >= this.#limits.attributeCountLimit) {
        this.droppedCount++
        return
      }
      this.#count++
    }
    this.attributes[name] = bounded(value, this.#limits.attributeValueLengthLimit)
  }
}

/** Cuts strings to a length and nesting to a depth, in place. */
export function bounded(value: unknown, maxLength: number, depth = 0): unknown {
  if (typeof value === 'string') return value.length > maxLength ? value.slice(0, maxLength) : value
  if (typeof value !== 'object' || value === null) return value
  if (depth >= maxDepth) return bounded(JSON.stringify(value), maxLength)
  const members = value as Record<string, unknown>
  for (const key of Object.keys(members)) {
    const member = members[key]
    if (typeof member === 'string' ? member.length > maxLength : typeof member === 'object' && member !== null) {
      members[key] = bounded(member, maxLength, depth + 1)
    }
  }
  return value
}
