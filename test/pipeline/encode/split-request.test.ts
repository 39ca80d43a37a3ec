import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainView } from '../../../src/backends/view.ts'
import { Encoder } from '../../../src/pipeline/encode/encoder.ts'
import { splitRequest } from '../../../src/pipeline/encode/split-request.ts'
import { decodeLogRecords, decodeSpans } from '../../support/otlp-decode.ts'
import { anyRecord, anySpan } from '../../support/otlp-arbitraries.ts'

const encoder = new Encoder(plainView)

describe('a request taken apart', () => {
  it('has the same spans, of the same resources and scopes, in the same order', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { minLength: 2, maxLength: 7 }), (spans) => {
        const { bytes } = encoder.spans(spans)
        const halves = splitRequest(bytes) ?? []
        expect(halves.map(({ count }) => count)).toEqual([Math.ceil(spans.length / 2), Math.floor(spans.length / 2)])
        expect(halves.map((half) => decodeSpans(half.bytes).length)).toEqual(halves.map(({ count }) => count))
        expect(halves.flatMap((half) => decodeSpans(half.bytes))).toEqual(decodeSpans(bytes))
      }),
      { numRuns: 300 },
    )
  })

  it('has the same log records', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 2, maxLength: 7 }), (records) => {
        const { bytes } = encoder.logs(records)
        const halves = splitRequest(bytes) ?? []
        expect(halves.map((half) => decodeLogRecords(half.bytes).length)).toEqual(halves.map(({ count }) => count))
        expect(halves.flatMap((half) => decodeLogRecords(half.bytes))).toEqual(decodeLogRecords(bytes))
      }),
      { numRuns: 300 },
    )
  })

  it('is not made of one item, of none, or of what is no request', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 1 }), (spans) => {
        expect(splitRequest(encoder.spans(spans).bytes)).toBeUndefined()
      }),
      { numRuns: 50 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void splitRequest(Buffer.from(bytes))))
  })
})
