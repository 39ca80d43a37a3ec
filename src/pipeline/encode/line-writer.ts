import type { View } from '../../backends/view.ts'
import type { LineKind, LogLine } from '../log-line.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { writeField, writeKeyValue, writeTextBytes } from './any-value.ts'
import type { AttributeWriter } from './attribute-writer.ts'
import { LineBytes } from './line-bytes.ts'
import { type Field, LineFields } from './line-fields.ts'
import { LogAllowance } from './log-limits.ts'
import { beginLogRecord, bodyTag, attributeTag, endLogRecord } from './log-writer.ts'
import type { ProtoWriter } from './proto-writer.ts'

const [quote, comma, opening, closing, newline] = [0x22, 0x2c, 0x7b, 0x7d, 0x0a]

/** Longer texts are hardly ever the same. */
const longestRemembered = 300

/** One buffer for all writers: a line is written before another one begins. */
const bytes = new LineBytes()

/**
 * Writes log records from their lines, as one view has them, with no object in between.
 *
 * What is not as nearly all lines are is left to be read as a whole: a secret, a field twice, one that means something else, a
 * record over its limits.
 */
export class LineWriter {
  readonly #writer: ProtoWriter
  readonly #attributes: AttributeWriter
  readonly #view: View
  #redactor: Redactor | undefined
  #fieldsOf = new WeakMap<LineKind, LineFields>()
  readonly #allowance: LogAllowance | undefined
  /** Number of the line that is being written. */
  #number = 0
  #count = 0
  #hasWork = false
  #timeField: string | undefined
  #body: unknown

  constructor(writer: ProtoWriter, attributes: AttributeWriter, view: View) {
    this.#writer = writer
    this.#attributes = attributes
    this.#view = view
    this.#allowance = view.logLimits && new LogAllowance(view.logLimits)
  }

  /** False, with nothing written, where the line has to be read as a whole. Never throws. */
  write(line: LogLine, redactor: Redactor | undefined): boolean {
    const { position } = this.#writer
    try {
      if (this.#write(line, redactor)) return true
    } catch {
      // What is wrong with it is found where it is read as a whole.
    }
    this.#writer.position = position
    this.#attributes.forgetPlaces()
    return false
  }

  #write(line: LogLine, redactor: Redactor | undefined): boolean {
    const fields = this.#fields(line.kind, redactor)
    const start = beginLogRecord(this.#writer, line)
    this.#number += 1
    this.#count = 0
    this.#body = undefined
    this.#allowance?.begin(line)
    if (!this.#work(line)) return false
    if (!bytes.begins(line.json) || bytes.byte !== opening) return false
    fields.rewind()
    for (const part of line.repeated) if (!bytes.skipsText(part)) break
    if (bytes.at > 0 && bytes.byte !== comma) return false
    this.#timeField = line.timeField
    this.#hasWork = this.#count > 0
    do {
      bytes.at += 1
      const field = fields.next(bytes)
      if (field === undefined || field.isSecret || field.lastLine === this.#number) return false
      field.lastLine = this.#number
      if (!this.#field(line, field)) return false
    } while (bytes.byte === comma)
    if (bytes.byte !== closing || !this.#isLast(bytes.at + 1)) return false
    if (this.#count > line.kind.limits.attributeCountLimit || this.#allowance?.isExceeded === true) return false
    this.#extras(line, fields)
    if (endLogRecord(this.#writer, line, start)) this.#attributes.forgetPlaces()
    return true
  }

  #isLast(end: number): boolean {
    return end === bytes.length || (end + 1 === bytes.length && bytes.bytes[end] === newline)
  }

  #fields(kind: LineKind, redactor: Redactor | undefined): LineFields {
    if (redactor !== this.#redactor) {
      this.#redactor = redactor
      this.#fieldsOf = new WeakMap()
    }
    let fields = this.#fieldsOf.get(kind)
    if (fields === undefined) {
      fields = new LineFields(kind, this.#view, this.#writer)
      this.#fieldsOf.set(kind, fields)
    }
    return fields
  }

  #work({ attributes }: LogLine): boolean {
    for (const name in attributes) {
      const value = attributes[name]
      if (this.#redactor?.isClean(name, value) === false) return false
      this.#count += 1
      this.#allowance?.take(name, value)
    }
    this.#attributes.write(attributeTag, attributes)
    return true
  }

  #field(line: LogLine, field: Field): boolean {
    const { name, isBody } = field
    const isPlain = field.isPlain && name !== this.#timeField && !(this.#hasWork && line.attributes[name] !== undefined)
    if ((isPlain || isBody) && bytes.byte === quote && this.#text(line, field)) return true
    const value = this.#value(line, name, isPlain)
    if (value === undefined) return false
    if (isBody) return this.#writeBody(value)
    return isPlain ? this.#attribute(field, value) : line.repeats(name, value)
  }

  /** True where a text is written as it stands in the line. */
  #text(line: LogLine, field: Field): boolean {
    const start = bytes.at + 1
    bytes.at = start
    if (field.lastText === undefined || !bytes.skips(field.lastText)) {
      const end = bytes.endOfPlainText(start)
      bytes.at = start - 1
      if (end === -1 || !this.#isKeptAsIs(line, field, bytes.text(start, end))) return false
      bytes.at = end + 1
      this.#remember(field, start, end + 1)
    } else field.misses = 0
    const length = bytes.at - 1 - start
    if (field.isBody) {
      writeTextBytes(this.#writer, bodyTag, undefined, bytes.bytes, start, length)
      if (this.#view.logExtras !== undefined) this.#body = bytes.text(start, start + length)
    } else {
      writeTextBytes(this.#writer, attributeTag, field.key, bytes.bytes, start, length)
      this.#count += 1
      this.#allowance?.takeText(field.attribute, length)
    }
    return true
  }

  /** What came last, less and less often where it is always something else. */
  #remember(field: Field, start: number, end: number): void {
    field.misses += 1
    if (end - start <= longestRemembered && (field.misses & (field.misses - 1)) === 0) {
      field.lastText = bytes.copy(start, end)
    }
  }

  #isKeptAsIs({ kind: { limits } }: LogLine, field: Field, text: string): boolean {
    if (field.isBody) {
      return this.#allowance?.takesBody(text) !== false && this.#redactor?.isCleanBody(text) !== false
    }
    if (text.length > limits.attributeValueLengthLimit) return false
    if (this.#redactor?.isClean(field.attribute, text) === false) return false
    return field.rule === undefined || field.rule(text) === text
  }

  /** A value of any kind; undefined where it is none, or something in it is to be censored. */
  #value(line: LogLine, name: string, isPlain: boolean): unknown {
    const { byte } = bytes
    if (byte !== quote && byte !== opening && byte !== 0x5b) return bytes.scalar()
    const start = bytes.at
    const end = bytes.endOfValue()
    if (end === -1) return undefined
    bytes.at = end
    const json = bytes.text(start, end)
    if (byte !== quote && line.kind.holdsSecret(`{${JSON.stringify(name)}:${json}}`)) return undefined
    return line.parse(json, isPlain ? line.kind.limits.attributeValueLengthLimit : Infinity)
  }

  #writeBody(value: unknown): boolean {
    if (value === null) return true
    if (this.#redactor?.isCleanBody(value) === false || this.#allowance?.takesBody(value) === false) return false
    writeField(this.#writer, bodyTag, value, 0)
    this.#body = value
    return true
  }

  #attribute({ attribute, key, rule }: Field, value: unknown): boolean {
    if (this.#redactor?.isClean(attribute, value) === false) return false
    this.#count += 1
    this.#allowance?.take(attribute, value)
    const ruled = rule === undefined ? value : rule(value)
    if (rule === undefined || ruled !== undefined) writeKeyValue(this.#writer, attributeTag, key, ruled)
    return true
  }

  #extras({ attributes }: LogLine, fields: LineFields): void {
    const extras = this.#view.logExtras?.({ body: this.#body })
    for (const name in extras) {
      if (attributes[name] === undefined && !fields.has(name, this.#number)) {
        this.#attributes.one(attributeTag, name, extras[name])
      }
    }
  }
}
