import { encodeKey, writeKeyValue } from './any-value.ts'
import type { ProtoWriter } from './proto-writer.ts'
import type { AttributeRule, View } from '../../backends/view.ts'

/** Keys that are remembered; past it all are forgotten, so that keys made of values cannot fill memory. */
const maxKeys = 4_000

/** Longer texts are hardly ever the same. */
const maxRemembered = 300

const nothingYet = { next: undefined, lastText: undefined, lastField: 0, lastWritten: undefined }

interface KnownKey {
  readonly key: string
  /** The key that came after it the last time: spans of one kind have theirs in the same order. */
  next: KnownKey | undefined
  readonly bytes: Uint8Array
  readonly rule: AttributeRule | undefined
  /** The text that came last. One that comes twice in a row is remembered as it is written: most have few values. */
  lastText: string | undefined
  lastField: number
  lastWritten: Uint8Array | undefined
}

/** Writes attributes as one view has them, and remembers what their keys look like and what is to be done with them. */
export class AttributeWriter {
  readonly #writer: ProtoWriter
  readonly #view: View
  readonly #signal: 'traces' | 'logs'
  #last: KnownKey | undefined
  readonly #keys = new Map<string, KnownKey>()

  constructor(writer: ProtoWriter, view: View, signal: 'traces' | 'logs') {
    this.#writer = writer
    this.#view = view
    this.#signal = signal
  }

  /** Writes each attribute as a `KeyValue` in `field`, which is the tag of a repeated message. */
  write(field: number, attributes: Readonly<Record<string, unknown>>): void {
    for (const key in attributes) {
      if (Object.hasOwn(attributes, key)) this.one(field, key, attributes[key])
    }
  }

  /** Those of the extras that are not among the attributes themselves. */
  extras(field: number, extras: Readonly<Record<string, unknown>>, own: Readonly<Record<string, unknown>>): void {
    for (const key in extras) {
      if (Object.hasOwn(extras, key) && !Object.hasOwn(own, key)) this.one(field, key, extras[key])
    }
  }

  one(field: number, key: string, value: unknown): void {
    const guess = this.#last?.next
    const known = guess?.key === key ? guess : (this.#keys.get(key) ?? this.#learn(key))
    if (this.#last !== undefined && guess !== known) this.#last.next = known
    this.#last = known
    if (typeof value === 'string') return this.#text(known, field, value)
    const { bytes, rule } = known
    const ruled = rule === undefined ? value : rule(value)
    if (rule === undefined || ruled !== undefined) writeKeyValue(this.#writer, field, bytes, ruled)
  }

  #text(known: KnownKey, field: number, text: string): void {
    const writer = this.#writer
    const isRepeated = text === known.lastText && field === known.lastField
    if (isRepeated && known.lastWritten !== undefined) return writer.raw(known.lastWritten)
    const { bytes, rule } = known
    const ruled = rule === undefined ? text : rule(text)
    const start = writer.position
    if (ruled !== undefined) writeKeyValue(writer, field, bytes, ruled)
    const size = writer.position - start
    known.lastText = text
    known.lastField = field
    known.lastWritten =
      isRepeated && size <= maxRemembered
        ? Uint8Array.prototype.slice.call(writer.bytes, start, writer.position)
        : undefined
  }

  #forget(): void {
    this.#keys.clear()
    this.#last = undefined
  }

  #learn(key: string): KnownKey {
    const known: KnownKey = {
      key,
      bytes: encodeKey(this.#writer, key),
      rule: this.#view.ruleOf?.(key, this.#signal),
      ...nothingYet,
    }
    if (this.#keys.size >= maxKeys) this.#forget()
    this.#keys.set(key, known)
    return known
  }
}
