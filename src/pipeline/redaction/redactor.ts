import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { Link } from '@opentelemetry/api'
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../../diagnostics.ts'
import { type KeyRule, KeyRules, rememberClean } from './key-rules.ts'
import { censored, type TextRedactor, textRedactor } from './text-redactor.ts'

/** What is taken for a secret beside the usual ones, and what is not. */
export interface RedactionOptions {
  /** Last words of names that make their values secrets. */
  readonly keys: readonly string[]
  /** Attributes that are left alone; `page.*` stands for all that begin so. */
  readonly safeKeys: readonly string[]
  /** Sources of regular expressions for secrets in any text, by the name that stands in their place. */
  readonly patterns: Readonly<Record<string, string>>
}

/** The attribute that lists what was censored, as the Collector's redaction processor calls it. */
const maskedKeys = 'redaction.masked.keys'

/** Maps and lists inside each other are followed so far; what is deeper is censored as a whole. */
const maxDepth = 40

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }
type Attributes = Record<string, unknown>

/**
 * Censors secrets in spans and log records before any backend has them: the values of the usual secret names, and
 * secrets that are known by their form, wherever they stand in a text.
 *
 * What was censored is listed in `redaction.masked.keys`. Nothing here throws: a span or record that cannot be changed
 * is counted (`redaction_failed`), and gives up its attributes.
 */
export class Redactor {
  readonly #rules: KeyRules
  readonly #redactText: TextRedactor

  constructor({ keys, safeKeys, patterns }: RedactionOptions) {
    this.#rules = new KeyRules(keys, safeKeys)
    this.#redactText = textRedactor(patterns)
  }

  /** Changes the span itself: it has ended, and nobody else writes it. */
  span(span: ReadableSpan): void {
    const own = span as Writable<ReadableSpan>
    const masked = new Masked()
    try {
      own.attributes = this.#attributes(span.attributes, masked)
      if (span.events.length > 0) this.#each(span.events, masked)
      if (span.links.length > 0) this.#each(span.links, masked)
      const { code, message } = span.status
      if (message !== undefined) {
        const text = this.#redactText(message)
        if (text !== message) own.status = { code, message: masked.add('status.message', text) }
      }
      if (masked.isAny) own.attributes = { ...own.attributes, [maskedKeys]: masked.list }
    } catch {
      diagnostics.count('redaction_failed')
      own.attributes = {}
    }
  }

  /** The record, or a copy of it without its secrets. */
  record(record: ReadableLogRecord): ReadableLogRecord {
    const masked = new Masked()
    try {
      const attributes = this.#attributes(record.attributes, masked)
      const body = this.#value(record.body, 'body', undefined, masked, 0)
      return masked.isAny ? copyOf(record, { ...attributes, [maskedKeys]: masked.list }, body) : record
    } catch {
      diagnostics.count('redaction_failed')
      return copyOf(record, {}, undefined)
    }
  }

  /** True where nothing in an attribute is to be censored. */
  isClean(key: string, value: unknown): boolean {
    const rule = this.#rules.of(key)
    return rule.isSafe || this.#value(value, key, rule, new Masked(), 0) === value
  }

  /** True where nothing in the body of a log record is to be censored. */
  isCleanBody(body: unknown): boolean {
    return this.#value(body, 'body', undefined, new Masked(), 0) === body
  }

  #each(all: readonly Writable<TimedEvent | Link>[], masked: Masked): void {
    for (const each of all) {
      if (each.attributes !== undefined) each.attributes = this.#attributes(each.attributes, masked)
    }
  }

  /** The attributes, or a copy of them where something in them is to be censored. */
  #attributes<Given extends Attributes>(attributes: Given, masked: Masked): Given {
    let changed: Attributes | undefined
    for (const key in attributes) {
      const rule = this.#rules.of(key)
      if (rule.isSafe) continue
      const value = attributes[key]
      if (typeof value === 'string' && (value === rule.lastClean || rule.clean?.has(value) === true)) continue
      const redacted = this.#value(value, key, rule, masked, 0)
      if (redacted !== value) {
        changed ??= { ...attributes }
        changed[key] = redacted
      } else if (typeof value === 'string') rememberClean(rule, value)
    }
    return (changed as Given | undefined) ?? attributes
  }

  #value(value: unknown, path: string, rule: KeyRule | undefined, masked: Masked, depth: number): unknown {
    if (typeof value === 'string') {
      if (rule?.isSecret === true) return value === '' || value === censored ? value : masked.add(path, censored)
      const text = this.#redactText(value)
      return text === value ? value : masked.add(path, text)
    }
    if (typeof value === 'number' || typeof value === 'bigint') {
      return rule?.isSecret === true && !rule.isCount ? masked.add(path, censored) : value
    }
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Uint8Array) return rule?.isSecret === true ? masked.add(path, censored) : value
    if (depth >= maxDepth) return masked.add(path, censored)
    if (Array.isArray(value)) return this.#list(value, path, rule, masked, depth + 1)
    return this.#map(value as Attributes, path, rule, masked, depth + 1)
  }

  #list(list: unknown[], path: string, rule: KeyRule | undefined, masked: Masked, depth: number): unknown[] {
    let changed: unknown[] | undefined
    for (let index = 0; index < list.length; index += 1) {
      const redacted = this.#value(list[index], path, rule, masked, depth)
      if (redacted === list[index]) continue
      changed ??= [...list]
      changed[index] = redacted
    }
    return changed ?? list
  }

  #map(map: Attributes, path: string, rule: KeyRule | undefined, masked: Masked, depth: number): Attributes {
    let changed: Attributes | undefined
    for (const key of Object.keys(map)) {
      const own = this.#rules.of(key)
      if (own.isSafe) continue
      const redacted = this.#value(map[key], `${path}.${key}`, own.isSecret ? own : rule, masked, depth)
      if (redacted === map[key]) continue
      changed ??= { ...map }
      changed[key] = redacted
    }
    return changed ?? map
  }
}

/** The attributes of one span or record in which something was censored. */
class Masked {
  #paths: Set<string> | undefined

  get isAny(): boolean {
    return this.#paths !== undefined
  }

  get list(): string {
    return [...(this.#paths ?? [])].join(',')
  }

  add<Value>(path: string, value: Value): Value {
    this.#paths ??= new Set()
    this.#paths.add(path)
    return value
  }
}

function copyOf(record: ReadableLogRecord, attributes: Attributes, body: unknown): ReadableLogRecord {
  const { hrTime, hrTimeObserved, spanContext, resource, instrumentationScope } = record
  const { severityText, severityNumber, eventName, droppedAttributesCount } = record
  return {
    hrTime,
    hrTimeObserved,
    resource,
    instrumentationScope,
    droppedAttributesCount,
    attributes,
    ...(spanContext !== undefined && { spanContext }),
    ...(severityText !== undefined && { severityText }),
    ...(severityNumber !== undefined && { severityNumber }),
    ...(eventName !== undefined && { eventName }),
    ...(body !== undefined && { body }),
  }
}
