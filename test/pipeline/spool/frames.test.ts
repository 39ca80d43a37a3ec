import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyOf, doneFrame, readSegment, requestFrame, segmentHeader } from '../../../src/pipeline/spool/frames.ts'

const request = fc.record({
  count: fc.nat(0xff_ff_ff_ff),
  closedAtMs: fc.double({ noNaN: true }),
  compression: fc.constantFrom('gzip' as const, 'none' as const),
  body: fc.uint8Array({ maxLength: 500 }),
})
const requests = fc.array(request, { minLength: 1, maxLength: 10 })
const segmentOf = (frames: readonly Buffer[]): Buffer => Buffer.concat([segmentHeader, ...frames])

describe('a segment', () => {
  it('gives back what was written and not settled, in order', () => {
    fc.assert(
      fc.property(requests, fc.array(fc.integer({ min: 1, max: 12 })), (written, settled) => {
        const bytes = segmentOf([
          ...written.map((each, index) => requestFrame(index + 1, each)),
          ...settled.map((id) => doneFrame(id)),
        ])
        const content = readSegment(bytes)
        const left = written
          .map((each, index) => ({ id: index + 1, ...each }))
          .filter(({ id }) => !settled.includes(id))
        expect(
          content?.open.map(({ offset, length, ...head }) => ({
            ...head,
            body: new Uint8Array(bodyOf(bytes.subarray(offset, offset + length)) ?? []),
          })),
        ).toEqual(left)
        expect([content?.wholeBytes, content?.damaged]).toEqual([bytes.length, 0])
        expect(content?.nextId).toBe(Math.max(written.length, ...settled) + 1)
      }),
    )
  })

  it('loses at most the last frame where it was cut off', () => {
    fc.assert(
      fc.property(requests, fc.nat(), (written, cut) => {
        const frames = written.map((each, index) => requestFrame(index + 1, each))
        const whole = segmentOf(frames.slice(0, -1))
        const last = frames.at(-1) as Buffer
        const content = readSegment(Buffer.concat([whole, last.subarray(0, cut % last.length)]))
        expect(content?.open.map(({ id }) => id)).toEqual(frames.slice(0, -1).map((_, index) => index + 1))
        expect(content?.wholeBytes).toBe(whole.length)
      }),
    )
  })

  it('skips a frame that was changed, and never gives back what was not written', () => {
    fc.assert(
      fc.property(requests, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, mask) => {
        const frames = written.map((each, index) => requestFrame(index + 1, each))
        const bytes = segmentOf(frames)
        const place = segmentHeader.length + (at % (bytes.length - segmentHeader.length))
        bytes[place] = (bytes[place] as number) ^ mask
        const open = readSegment(bytes)?.open ?? []
        expect(open.length).toBeGreaterThanOrEqual(written.length - 1)
        for (const { id, offset, length, count } of open) {
          const body = bodyOf(bytes.subarray(offset, offset + length))
          expect(new Uint8Array(body ?? [])).toEqual(written[id - 1]?.body)
          expect(count).toBe(written[id - 1]?.count)
        }
      }),
    )
  })

  it('is not made of what is none', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(readSegment(Buffer.from(bytes))).toBeUndefined()
      }),
    )
    expect(readSegment(segmentHeader)).toEqual({ open: [], nextId: 1, wholeBytes: segmentHeader.length, damaged: 0 })
  })
})
