import type { Resource } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { cutAt, type LogLimits } from '../../backends/view.ts'
import { isIdentity } from '../../tenant/values.ts'
import type { Located, Scope } from './envelope.ts'

/** What is written of a record. */
export interface FittedLog {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly body: unknown
  /** Attributes that were left out, those before included. */
  readonly droppedAttributesCount: number
}

/** Whether one record after the other, whose attributes are told one by one, is within the limits. */
export class LogAllowance {
  readonly #limits: LogLimits
  #resource: Resource | undefined
  #scope: Scope | undefined
  #most = 0
  #entries = 0
  #bytes = 0

  constructor(limits: LogLimits) {
    this.#limits = limits
  }

  /** True where the attributes told so far are too many, or too large together. */
  get isExceeded(): boolean {
    return this.#entries > this.#most || this.#bytes > this.#limits.attributeBytes
  }

  /** Begins with another record. */
  begin({ resource, instrumentationScope }: Located): void {
    if (resource !== this.#resource || instrumentationScope !== this.#scope) {
      this.#resource = resource
      this.#scope = instrumentationScope
      this.#most = mostEntries(resource, instrumentationScope, this.#limits)
    }
    this.#entries = 0
    this.#bytes = 0
  }

  take(key: string, value: unknown): void {
    this.#entries += entriesOfValue(value)
    this.#bytes += bytesOf(key, value, this.#limits.valueBytes)
  }

  /** The same for a text of so many bytes. */
  takeText(key: string, size: number): void {
    this.#entries += 1
    this.#bytes += key.length + Math.min(size, this.#limits.valueBytes)
  }

  takesBody(body: unknown): boolean {
    return fitBody(body, this.#limits.bodyBytes) === body
  }
}

function mostEntries(resource: Resource, scope: Scope, { entries }: LogLimits): number {
  return entries - entriesOf(resource.attributes) - entriesOf(scope.attributes)
}

/** The record itself, or what of it is within the limits: whose it is and what went wrong before anything else. */
export function fitLog(record: ReadableLogRecord, limits: LogLimits): FittedLog {
  const { attributes, droppedAttributesCount } = record
  const body = fitBody(record.body, limits.bodyBytes)
  const most = mostEntries(record.resource, record.instrumentationScope, limits)
  if (isWithin(attributes, most, limits)) return { attributes, body, droppedAttributesCount }
  const kept: Record<string, unknown> = {}
  let [entries, bytes, dropped] = [0, 0, droppedAttributesCount]
  for (const [key, value] of byImportance(attributes)) {
    const [itsEntries, itsBytes] = [entriesOfValue(value), bytesOf(key, value, limits.valueBytes)]
    if (entries + itsEntries > most || bytes + itsBytes > limits.attributeBytes) {
      dropped += 1
      continue
    }
    entries += itsEntries
    bytes += itsBytes
    kept[key] = value
  }
  return { attributes: kept, body, droppedAttributesCount: dropped }
}

function isWithin(attributes: Readonly<Record<string, unknown>>, most: number, limits: LogLimits): boolean {
  let [entries, bytes] = [0, 0]
  for (const key in attributes) {
    entries += entriesOfValue(attributes[key])
    bytes += bytesOf(key, attributes[key], limits.valueBytes)
  }
  return entries <= most && bytes <= limits.attributeBytes
}

function byImportance(attributes: Readonly<Record<string, unknown>>): [key: string, value: unknown][] {
  const entries = Object.entries(attributes)
  const isFirst = ([key]: readonly [string, unknown]): boolean =>
    isIdentity(key) || /^(?:operation|exception)\./.test(key)
  return [...entries.filter(isFirst), ...entries.filter((each) => !isFirst(each))]
}

/** Entries that an attribute becomes: the members of a map become one each, and those of maps in it. */
function entriesOfValue(value: unknown): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return 1
  return entriesOf(value as Readonly<Record<string, unknown>>)
}

function entriesOf(attributes: Readonly<Record<string, unknown>> | undefined): number {
  let entries = 0
  for (const key in attributes) entries += entriesOfValue(attributes[key])
  return entries
}

/** An upper bound for most texts, and near enough for the rest. */
function bytesOf(key: string, value: unknown, most: number): number {
  if (typeof value === 'string') return key.length + Math.min(most, value.length * (value.length > 1_000 ? 1.1 : 1))
  return key.length + (typeof value === 'object' && value !== null ? Math.min(most, jsonOf(value)?.length ?? most) : 8)
}

/** Undefined for what JSON has no form for: a circle, a bigint. */
function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function fitBody(body: unknown, most: number): unknown {
  if (typeof body === 'string') return cutAt(most)(body)
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return body
  const text = jsonOf(body)
  return text === undefined || text.length * 3 <= most || Buffer.byteLength(text) <= most ? body : cutAt(most)(text)
}
