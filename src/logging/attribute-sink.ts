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

/** Attributes of one record, as they are put together within its limits. */
export class AttributeSink {
  readonly attributes: Attributes = {}
  droppedCount = 0
  /** Never below the number of attributes; above it where a name was put twice. */
  #put = 0
  readonly #limits: LogRecordLimits

  constructor(limits: LogRecordLimits) {
    this.#limits = limits
  }

  /** Sets an attribute of the tenant or the work whole, whatever the limits: a record always says whose it is. */
  putWhole(name: string, value: Attributes[string]): void {
    this.#put++
    this.attributes[name] = value
  }

  /** Sets one attribute; the value must come from `JSON.parse` and nobody else may hold it. */
  put(name: string, value: unknown): void {
    if (value === undefined) return
    if (this.#put >= this.#limits.attributeCountLimit && !this.#hasRoomFor(name)) {
      this.droppedCount++
      return
    }
    this.#put++
    this.attributes[name] = bounded(value, this.#limits.attributeValueLengthLimit)
  }

  #hasRoomFor(name: string): boolean {
    if (Object.hasOwn(this.attributes, name)) return true
    this.#put = Object.keys(this.attributes).length
    return this.#put < this.#limits.attributeCountLimit
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
