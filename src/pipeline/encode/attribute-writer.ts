import { encodeKey, writeKeyValue } from './any-value.ts'
import type { ProtoWriter } from './proto-writer.ts'
import type { AttributeRule, View } from '../../backends/view.ts'

/** Keys that are remembered; past it all are forgotten, so that keys made of values cannot fill memory. */
const maxKeys = 4_000

interface KnownKey {
  readonly bytes: Uint8Array
  readonly rule: AttributeRule | undefined
}

/** Writes attributes as one view has them, and remembers what their keys look like and what is to be done with them. */
export class AttributeWriter {
  readonly #writer: ProtoWriter
  readonly #view: View
  readonly #signal: 'traces' | 'logs'
  readonly #keys = new Map<string, KnownKey>()

  constructor(writer: ProtoWriter, view: View, signal: 'traces' | 'logs') {
    this.#writer = writer
    this.#view = view
    this.#signal = signal
  }

  /** Writes each attribute as a `KeyValue` in `field`, which is the tag of a repeated message. */
  write(field: number, attributes: Readonly<Record<string, unknown>>): void {
    for (const key in attributes) {
      if (Object.hasOwn(attributes, key)) this.#one(field, key, attributes[key])
    }
  }

  /** Those of the extras that are not among the attributes themselves. */
  extras(field: number, extras: Readonly<Record<string, unknown>>, own: Readonly<Record<string, unknown>>): void {
    for (const key in extras) {
      if (Object.hasOwn(extras, key) && !Object.hasOwn(own, key)) this.#one(field, key, extras[key])
    }
  }

  #one(field: number, key: string, value: unknown): void {
    const { bytes, rule } = this.#keys.get(key) ?? this.#learn(key)
    if (rule === undefined) return writeKeyValue(this.#writer, field, bytes, value)
    const ruled = rule(value)
    if (ruled !== undefined) writeKeyValue(this.#writer, field, bytes, ruled)
  }

  #learn(key: string): KnownKey {
    const known = { bytes: encodeKey(this.#writer, key), rule: this.#view.ruleOf?.(key, this.#signal) }
    if (this.#keys.size >= maxKeys) this.#keys.clear()
    this.#keys.set(key, known)
    return known
  }
}
