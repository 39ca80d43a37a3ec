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
  readonly #keys = new Map<string, KnownKey>()

  constructor(writer: ProtoWriter, view: View) {
    this.#writer = writer
    this.#view = view
  }

  /** Writes each attribute as a `KeyValue` in `field`, which is the tag of a repeated message. */
  write(field: number, attributes: Readonly<Record<string, unknown>>): void {
    for (const key in attributes) {
      if (Object.hasOwn(attributes, key)) this.one(field, key, attributes[key])
    }
  }

  one(field: number, key: string, value: unknown): void {
    const { bytes, rule } = this.#keys.get(key) ?? this.#learn(key)
    if (rule === undefined) return writeKeyValue(this.#writer, field, bytes, value)
    const ruled = rule(value)
    if (ruled !== undefined) writeKeyValue(this.#writer, field, bytes, ruled)
  }

  #learn(key: string): KnownKey {
    const known = { bytes: encodeKey(this.#writer, key), rule: this.#view.ruleOf?.(key) }
    if (this.#keys.size >= maxKeys) this.#keys.clear()
    this.#keys.set(key, known)
    return known
  }
}
