import { encodeKey, writeKeyValue } from './any-value.ts'
import type { ProtoWriter } from './proto-writer.ts'
import type { AttributeRule, View } from '../../backends/view.ts'

/** Keys that are remembered; past it all are forgotten, so that keys made of values cannot fill memory. */
const maxKeys = 4_000

const nothingYet = { next: undefined, lastValue: undefined, lastMessage: -1, start: 0, size: 0 }

interface KnownKey {
  readonly key: string
  /** The key that came after it the last time: spans of one kind have theirs in the same order. */
  next: KnownKey | undefined
  readonly bytes: Uint8Array
  readonly rule: AttributeRule | undefined
  /** What came last: most have few values. */
  lastValue: unknown
  /** The number of the message in which it was written; negative where it is not to be copied. */
  lastMessage: number
  /** Where in it. */
  start: number
  size: number
}

/** Writes attributes as one view has them, and remembers what their keys look like and what is to be done with them. */
export class AttributeWriter {
  readonly #writer: ProtoWriter
  readonly #view: View
  readonly #signal: 'traces' | 'logs'
  /** The field of an item's own attributes. Others are in messages inside it, which may be moved. */
  readonly #own: number
  #last: KnownKey | undefined
  readonly #keys = new Map<string, KnownKey>()
  #message = 0
  /** What is to be copied next: attributes that follow each other here as they did before. */
  #runStart = 0
  #runEnd = 0

  constructor(writer: ProtoWriter, view: View, signal: 'traces' | 'logs') {
    this.#writer = writer
    this.#view = view
    this.#signal = signal
    this.#own = signal === 'traces' ? 0x4a : 0x32
  }

  /** To be called where what was written before may be somewhere else now, or gone. */
  forgetPlaces(): void {
    this.#message += 1
    this.#runEnd = this.#runStart
  }

  /** Writes each attribute as a `KeyValue` in `field`, which is the tag of a repeated message. */
  write(field: number, attributes: Readonly<Record<string, unknown>>): void {
    for (const key in attributes) {
      if (Object.hasOwn(attributes, key)) this.#put(field, key, attributes[key])
    }
    this.#copyRun()
  }

  /** Those of the extras that are not among the attributes themselves. */
  extras(field: number, extras: Readonly<Record<string, unknown>>, own: Readonly<Record<string, unknown>>): void {
    for (const key in extras) {
      if (Object.hasOwn(extras, key) && !Object.hasOwn(own, key)) this.one(field, key, extras[key])
    }
  }

  one(field: number, key: string, value: unknown): void {
    this.#put(field, key, value)
    this.#copyRun()
  }

  #put(field: number, key: string, value: unknown): void {
    const guess = this.#last?.next
    const known = guess?.key === key ? guess : (this.#keys.get(key) ?? this.#learn(key))
    if (this.#last !== undefined && guess !== known) this.#last.next = known
    this.#last = known
    if (value === known.lastValue && known.lastMessage === this.#message && field === this.#own) this.#repeat(known)
    else this.#write(known, field, value)
  }

  /** Adds it to the run that is to be copied, or begins another one. */
  #repeat(known: KnownKey): void {
    const { start, size } = known
    if (size === 0) return
    if (start !== this.#runEnd) {
      this.#copyRun()
      this.#runStart = start
    }
    known.start = this.#writer.position + start - this.#runStart
    this.#runEnd = start + size
  }

  #copyRun(): void {
    const size = this.#runEnd - this.#runStart
    if (size > 0) this.#writer.repeat(this.#runStart, size)
    this.#runStart = this.#runEnd
  }

  #write(known: KnownKey, field: number, value: unknown): void {
    this.#copyRun()
    const writer = this.#writer
    const { bytes, rule } = known
    const start = writer.position
    const ruled = rule === undefined ? value : rule(value)
    if (rule === undefined || ruled !== undefined) writeKeyValue(writer, field, bytes, ruled)
    // The same object may have something else in it the next time.
    known.lastMessage = typeof value === 'object' || field !== this.#own ? -1 : this.#message
    known.lastValue = value
    known.start = start
    known.size = writer.position - start
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
