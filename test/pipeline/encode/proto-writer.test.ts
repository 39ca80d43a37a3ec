import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeKey, writeField, writeKeyValue } from '../../../src/pipeline/encode/any-value.ts'
import { ProtoWriter } from '../../../src/pipeline/encode/proto-writer.ts'

const text = fc.oneof(fc.string({ maxLength: 100 }), fc.string({ unit: 'binary', maxLength: 60 }))
const value = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text),
)
const step = fc.oneof<fc.Arbitrary<(writer: ProtoWriter) => void>[]>(
  fc.stringMatching(/^(?:[0-9a-f]{2}){1,16}$/).map((digits) => (writer) => writer.hex(digits)),
  text.map((given) => (writer) => writer.text(given)),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => (writer) => writer.block(bytes)),
  fc.tuple(text, value).map(
    ([key, given]) =>
      (writer) =>
        writeKeyValue(writer, 0x0a, encodeKey(writer, key), given),
  ),
  value.map((given) => (writer) => writeField(writer, 0x12, given, 0)),
)

it('writes the same into a buffer that has to grow as into one that is large enough', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 64 }), (steps, size) => {
      const [small, large] = [new ProtoWriter(size), new ProtoWriter(100_000)]
      for (const write of steps) {
        write(small)
        write(large)
      }
      expect(small.finish()).toEqual(large.finish())
    }),
    { numRuns: 2_000 },
  )
})
