/** Below this length a loop over the characters is faster than a call into Node. */
const shortString = 40
const startSize = 65_536
/** A buffer larger than this is let go after the batch that needed it. */
const keptSize = 4_194_304
const two32 = 4_294_967_296

/**
 * Writes protobuf into one growing buffer that is used again for every message.
 *
 * Encoding by https://protobuf.dev/programming-guides/encoding/. Fields with their default value are the caller's to leave
 * out. Text that is no valid UTF-16 has U+FFFD in the place of each lone surrogate.
 */
export class ProtoWriter {
  bytes: Buffer
  position = 0
  #second = -1
  #secondLow = 0
  #secondHigh = 0

  constructor(size: number = startSize) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  /** A copy of what was written; the buffer is then free for the next message. */
  finish(): Buffer {
    const message = Buffer.allocUnsafeSlow(this.position)
    this.bytes.copy(message, 0, 0, this.position)
    this.reset()
    return message
  }

  /** Forgets what was written. */
  reset(): void {
    this.position = 0
    if (this.bytes.length > keptSize) this.bytes = Buffer.allocUnsafeSlow(startSize)
  }

  /** Makes room for so many bytes beyond the position. */
  reserve(size: number): void {
    const needed = this.position + size
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.position)
    this.bytes = grown
  }

  /** One byte; there has to be room. */
  byte(value: number): void {
    this.bytes[this.position++] = value
  }

  /** An unsigned integer of up to 32 bits; there has to be room for 5 bytes. */
  uint32(value: number): void {
    let rest = value >>> 0
    while (rest > 127) {
      this.bytes[this.position++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.bytes[this.position++] = rest
  }

  /** An integer of 64 bits, in two's complement where it is negative; there has to be room for 10 bytes. */
  int64(value: number): void {
    if (value >= 0 && value < two32) return this.uint32(value)
    const size = Math.abs(value)
    let low = size >>> 0
    let high = Math.floor(size / two32) >>> 0
    if (value < 0) {
      low = (~low + 1) >>> 0
      high = (low === 0 ? ~high + 1 : ~high) >>> 0
    }
    while (high > 0 || low > 127) {
      this.bytes[this.position++] = (low & 127) | 128
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.bytes[this.position++] = low
  }

  /** There has to be room for 4 bytes. */
  fixed32(value: number): void {
    const { bytes, position } = this
    bytes[position] = value
    bytes[position + 1] = value >>> 8
    bytes[position + 2] = value >>> 16
    bytes[position + 3] = value >>> 24
    this.position = position + 4
  }

  /** Seconds and nanoseconds as nanoseconds of 64 bits; there has to be room for 8 bytes. */
  nanoseconds(time: readonly [number, number]): void {
    if (time[0] !== this.#second) this.#findSecond(time[0])
    const low = this.#secondLow + time[1]
    this.fixed32(low)
    this.fixed32(this.#secondHigh + Math.floor(low / two32))
  }

  /** There has to be room for 8 bytes. */
  double(value: number): void {
    this.position = this.bytes.writeDoubleLE(value, this.position)
  }

  /** The bytes that hexadecimal digits stand for, with their number before them. */
  hex(digits: string): void {
    const size = digits.length >>> 1
    this.reserve(size + 5)
    this.uint32(size)
    // After the room was made: that may have taken another buffer.
    const { bytes } = this
    let { position } = this
    for (let index = 0; index < digits.length - 1; index += 2) {
      const high = nibbles[digits.charCodeAt(index) & 127] as number
      bytes[position++] = (high << 4) | (nibbles[digits.charCodeAt(index + 1) & 127] as number)
    }
    this.position = position
  }

  /** Bytes with their number before them. */
  block(block: Uint8Array): void {
    this.reserve(block.length + 5)
    this.uint32(block.length)
    this.bytes.set(block, this.position)
    this.position += block.length
  }

  /** A few bytes as they are; there has to be room. */
  short(block: Uint8Array): void {
    const { bytes } = this
    let { position } = this
    for (let index = 0; index < block.length; index += 1) bytes[position++] = block[index] as number
    this.position = position
  }

  /** A part of other bytes as it is; there has to be room. */
  part(source: Buffer, start: number, length: number): void {
    const { bytes } = this
    let { position } = this
    if (length > shortString) {
      source.copy(bytes, position, start, start + length)
      this.position = position + length
      return
    }
    for (let index = start; index < start + length; index += 1) bytes[position++] = source[index] as number
    this.position = position
  }

  /** Bytes that were written before, once more. */
  repeat(start: number, size: number): void {
    this.reserve(size)
    this.bytes.copyWithin(this.position, start, start + size)
    this.position += size
  }

  /** Bytes as they are. */
  raw(block: Uint8Array): void {
    this.reserve(block.length)
    this.bytes.set(block, this.position)
    this.position += block.length
  }

  /** Text with the number of its bytes before it. */
  text(text: string): void {
    const { length } = text
    this.reserve(length * 3 + 5)
    const start = this.position
    this.uint32(length)
    if (this.ascii(text)) return
    this.position = start
    this.uint32(Buffer.byteLength(text))
    this.position += this.bytes.write(text, this.position)
  }

  /** True, with the text written, where each character is one byte; there has to be room for three for each. */
  ascii(text: string): boolean {
    const { bytes } = this
    const { length } = text
    let { position } = this
    if (length > shortString) {
      const written = bytes.write(text, position)
      this.position = position + written
      return written === length
    }
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index)
      if (code > 127) return false
      bytes[position++] = code
    }
    this.position = position
    return true
  }

  /**
   * Begins a message inside another one; the number returned is for {@link end}.
   *
   * `expected` is how many bytes its length is thought to take: where it takes another number, the message is moved.
   */
  begin(expected: 1 | 2 | 3): number {
    this.reserve(expected)
    this.position += expected
    return this.position
  }

  /** Ends the message that began at `start`; true where it was moved. */
  end(start: number, expected: 1 | 2 | 3): boolean {
    const length = this.position - start
    const size = sizeOfUint32(length)
    if (size !== expected) {
      this.reserve(size)
      this.bytes.copyWithin(start - expected + size, start, this.position)
    }
    this.position = start - expected
    this.uint32(length)
    this.position += length
    return size !== expected
  }

  #findSecond(second: number): void {
    const whole = BigInt.asUintN(64, BigInt(Number.isFinite(second) ? Math.trunc(second) : 0) * 1_000_000_000n)
    this.#second = second
    this.#secondLow = Number(whole & 0xff_ff_ff_ffn)
    this.#secondHigh = Number(whole >> 32n)
  }
}

/** How many bytes an unsigned integer takes. */
export function sizeOfUint32(value: number): number {
  if (value < 128) return 1
  if (value < 16_384) return 2
  if (value < 2_097_152) return 3
  return value < 268_435_456 ? 4 : 5
}

const nibbles = new Uint8Array(128)
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16)
  nibbles[digit.charCodeAt(0)] = value
  nibbles[digit.toUpperCase().charCodeAt(0)] = value
}
