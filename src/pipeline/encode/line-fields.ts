import type { AttributeRule, View } from '../../backends/view.ts'
import type { LineKind } from '../log-line.ts'
import { encodeKey } from './any-value.ts'
import type { LineBytes } from './line-bytes.ts'
import type { ProtoWriter } from './proto-writer.ts'

/** Fields that are remembered; past it all are forgotten, so that names made of values cannot fill memory. */
const maxFields = 4_000

/** One field of the lines of one kind, as one view has it. */
export interface Field {
  readonly name: string
  readonly attribute: string
  readonly isBody: boolean
  /** False where its value decides what becomes of it. */
  readonly isPlain: boolean
  /** True where its value is to be censored. */
  readonly isSecret: boolean
  /** The key of its attribute as it is written. */
  readonly key: Uint8Array
  readonly rule: AttributeRule | undefined
  /** How it begins in a line, up to its value. */
  readonly start: Uint8Array
  /** The field that came after it the last time: lines of one kind have theirs in the same order. */
  next: Field | undefined
  /** The number of the line that had it last. */
  lastLine: number
  /** The text that came last, with its closing quote, if nothing in it is to be changed: most fields have few values. */
  lastText: Uint8Array | undefined
  /** How often another text has come since. */
  misses: number
}

/** The fields of the lines of one kind, looked at once for each name. */
export class LineFields {
  readonly #kind: LineKind
  readonly #view: View
  readonly #writer: ProtoWriter
  readonly #fields = new Map<string, Field>()
  #first: Field | undefined
  #last: Field | undefined

  constructor(kind: LineKind, view: View, writer: ProtoWriter) {
    this.#kind = kind
    this.#view = view
    this.#writer = writer
  }

  /** Begins with another line. */
  rewind(): void {
    this.#last = undefined
  }

  /** The field that begins here; its value comes next. Undefined where none does, or its name is escaped. */
  next(line: LineBytes): Field | undefined {
    const guess = this.#last === undefined ? this.#first : this.#last.next
    const field = guess !== undefined && line.skips(guess.start) ? guess : this.#find(line)
    if (field !== guess) {
      if (this.#last === undefined) this.#first = field
      else this.#last.next = field
    }
    this.#last = field
    return field
  }

  /** True where the line of that number has an attribute of that name. */
  has(name: string, lineNumber: number): boolean {
    const field = this.#fields.get(name)
    return field?.isPlain === true && field.lastLine === lineNumber
  }

  #find(line: LineBytes): Field | undefined {
    const start = line.at
    const end = line.endOfPlainText(start + 1)
    if (line.bytes[start] !== 0x22 || end === -1 || line.bytes[end + 1] !== 0x3a) return undefined
    line.at = end + 2
    const name = line.text(start + 1, end)
    return this.#fields.get(name) ?? this.#learn(name)
  }

  /** Also which fields this line had: it is left to be read as a whole. */
  #forget(): undefined {
    this.#fields.clear()
    this.#first = undefined
    this.#last = undefined
  }

  #learn(name: string): Field | undefined {
    const { attribute, isPlain } = this.#kind.nameOf(name)
    const field: Field = {
      name,
      attribute,
      isBody: name === this.#kind.bodyField,
      isPlain: isPlain && attribute === name,
      isSecret: this.#kind.holdsSecret(`{"${name}":"x"}`),
      key: encodeKey(this.#writer, attribute),
      rule: this.#view.ruleOf?.(attribute, 'logs'),
      start: Buffer.from(`"${name}":`),
      next: undefined,
      lastLine: 0,
      lastText: undefined,
      misses: 0,
    }
    if (this.#fields.size >= maxFields) return this.#forget()
    this.#fields.set(name, field)
    return field
  }
}
