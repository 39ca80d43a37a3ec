import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gzipped } from '../../../src/pipeline/encode/gzip.ts'

describe('what is compressed', () => {
  it('is the same behind it, whatever else is compressed before and beside it', async () => {
    const noise = fc.uint8Array({ maxLength: 5_000 })
    const even = fc.nat(400_000).map((length) => new Uint8Array(length).fill(length))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(noise, even), { maxLength: 6 }), async (given) => {
        const bodies = await Promise.all(given.map((bytes) => gzipped(bytes)))
        const isSame = bodies.map((body, index) => gunzipSync(body).equals(given[index] as Uint8Array))
        expect(isSame).toEqual(given.map(() => true))
      }),
      { numRuns: 300 },
    )
  })

  it('holds no more memory than it is long', async () => {
    for (const length of [0, 10, 5_000, 1_000_000]) {
      const body = await gzipped(new Uint8Array(length))
      expect(body.buffer.byteLength).toBe(body.length)
    }
  })
})
