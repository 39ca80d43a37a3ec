const quote = 0x22
const backslash = 0x5c
const point = 0x2e
const [zero, nine] = [0x30, 0x39]
const isOpening = (byte: number | undefined): boolean => byte === 0x7b || byte === 0x5b
const isClosing = (byte: number | undefined): boolean => byte === 0x7d || byte === 0x5d

/** Longer numbers are read by the language. */
const mostDigits = 15
const powersOfTen = Array.from({ length: mostDigits }, (_, index) => 10 ** index)

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const literals: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** Longer lines are read faster by the language. */
const longestLine = 16_384

/** One line of JSON as bytes of UTF-8, and a place in it. The buffer is used again for the next line. */
export class LineBytes {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(3 * longestLine)
  length = 0
  at = 0

  /** Begins with another line; false where it is too long. */
  begins(line: string): boolean {
    if (line.length > longestLine) return false
    this.length = this.bytes.write(line, 0)
    this.at = 0
    return true
  }

  get byte(): number | undefined {
    return this.at < this.length ? this.bytes[this.at] : undefined
  }

  /** True where the next bytes are these; it goes on behind them then. */
  skips(expected: Uint8Array): boolean {
    const { bytes, at } = this
    const { length } = expected
    if (at + length > this.length) return false
    for (let index = 0; index < length; index += 1) if (bytes[at + index] !== expected[index]) return false
    this.at = at + length
    return true
  }

  /** The same for a text of ASCII. */
  skipsText(expected: string): boolean {
    const { bytes, at } = this
    const { length } = expected
    if (at + length > this.length) return false
    for (let index = 0; index < length; index += 1) if (bytes[at + index] !== expected.charCodeAt(index)) return false
    this.at = at + length
    return true
  }

  /** Where the text whose first byte is at `start` ends; -1 where something in it is escaped, or it does not end. */
  endOfPlainText(start: number): number {
    const { bytes, length } = this
    for (let at = start; at < length; at += 1) {
      const byte = bytes[at] as number
      if (byte === quote) return at
      if (byte === backslash || byte < 0x20) return -1
    }
    return -1
  }

  /** The end of the map, list or text that begins here; -1 where it does not end. */
  endOfValue(): number {
    const { bytes, length } = this
    let depth = 0
    let isText = false
    for (let at = this.at; at < length; at += 1) {
      const byte = bytes[at]
      if (isText) {
        if (byte === backslash) at += 1
        else if (byte === quote) isText = false
      } else if (byte === quote) isText = true
      else if (isOpening(byte)) depth += 1
      else if (isClosing(byte)) depth -= 1
      if (depth === 0 && !isText) return at + 1
    }
    return -1
  }

  /** A number, true, false or null; undefined where it is none of them. It goes on behind it. */
  scalar(): number | boolean | null | undefined {
    const { bytes, length, at: start } = this
    const plain = this.#plainNumber()
    if (plain !== undefined) return plain
    let at = start
    while (at < length && !isEnd(bytes[at])) at += 1
    this.at = at
    const text = this.text(start, at)
    return number.test(text) ? Number(text) : literals.get(text)
  }

  /** A number of few digits; undefined where it is none. */
  #plainNumber(): number | undefined {
    const { at: start } = this
    let value = this.#digits(0)
    const whole = this.at - start
    let decimals = 0
    if (this.bytes[this.at] === point) {
      this.at += 1
      value = this.#digits(value)
      decimals = this.at - start - whole - 1
      if (decimals === 0) return undefined
    }
    if (whole === 0 || whole + decimals > mostDigits || !isEnd(this.bytes[this.at])) return undefined
    if (whole > 1 && this.bytes[start] === zero) return undefined
    // Both are held exactly, so that the quotient is what the language reads.
    return decimals === 0 ? value : value / (powersOfTen[decimals] as number)
  }

  /** Goes on behind the digits here, which are put behind those of `value`. */
  #digits(value: number): number {
    const { bytes, length } = this
    let found = value
    let { at } = this
    for (; at < length; at += 1) {
      const byte = bytes[at] as number
      if (byte < zero || byte > nine) break
      found = found * 10 + byte - zero
    }
    this.at = at
    return found
  }

  copy(start: number, end: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.bytes, start, end)
  }

  text(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end)
  }
}

const isEnd = (byte: number | undefined): boolean => byte === 0x2c || isClosing(byte)
