import { crc32 } from 'node:zlib'

/** An encoded request as it is kept on disk: with nothing that tells where it is going, and no credentials. */
export interface SpooledRequest {
  /** Items in it. */
  readonly count: number
  /** When its batch was closed, in milliseconds since the epoch. */
  readonly closedAtMs: number
  readonly compression: 'gzip' | 'none'
  readonly body: Uint8Array
}

/** Where the request of a frame is in its file, and what is known of it without reading it. */
export interface Indexed extends Omit<SpooledRequest, 'body'> {
  readonly id: number
  /** Of the frame. */
  readonly offset: number
  /** Bytes of the whole frame. */
  readonly length: number
}

/** The first bytes of every segment: what it is, and in which version. */
export const segmentHeader: Buffer = Buffer.from('signalbox-spool\u0001')

/** What every frame begins with: where one was damaged, the next one is found by it. */
const mark = Buffer.from('\u0000SBf', 'latin1')
const headBytes = 12
const kinds = { request: 1, done: 2 } as const
const requestHeadBytes = 18

/**
 * A frame that holds a request.
 *
 * Every frame is a mark (4 bytes), its length (4), a CRC-32 of what follows (4 bytes), and that: a kind (1), an id (4), and of a request
 * the count of its items (4), its time (8), its compression (1) and its body. Numbers are little-endian.
 */
export function requestFrame(id: number, { count, closedAtMs, compression, body }: SpooledRequest): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + requestHeadBytes + body.length)
  frame[headBytes] = kinds.request
  frame.writeUInt32LE(id, headBytes + 1)
  frame.writeUInt32LE(count, headBytes + 5)
  frame.writeDoubleLE(closedAtMs, headBytes + 9)
  frame[headBytes + 17] = compression === 'gzip' ? 1 : 0
  frame.set(body, headBytes + requestHeadBytes)
  return sealed(frame)
}

/** Bytes of the frame of a request. */
export function requestFrameBytes({ body }: SpooledRequest): number {
  return headBytes + requestHeadBytes + body.length
}

/** A frame that says that a request of the same file is settled. */
export function doneFrame(id: number): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + 5)
  frame[headBytes] = kinds.done
  frame.writeUInt32LE(id, headBytes + 1)
  return sealed(frame)
}

function sealed(frame: Buffer): Buffer {
  mark.copy(frame)
  frame.writeUInt32LE(frame.length - headBytes, 4)
  frame.writeUInt32LE(crc32(frame.subarray(headBytes)), 8)
  return frame
}

/** What a segment holds: the requests that are not settled, and how many of its bytes are whole frames. */
export interface SegmentContent {
  readonly open: readonly Indexed[]
  readonly nextId: number
  readonly wholeBytes: number
  /** Places where there is something else than whole frames, a torn end included. */
  readonly damaged: number
}

/**
 * Reads a segment. A torn end, as a crash leaves it, is not an error: what is whole before it counts. A frame that was
 * changed is skipped, up to the next one. Undefined where it is no segment.
 */
export function readSegment(bytes: Buffer): SegmentContent | undefined {
  if (!bytes.subarray(0, segmentHeader.length).equals(segmentHeader)) return undefined
  const open = new Map<number, Indexed>()
  let wholeBytes = segmentHeader.length
  let nextId = 1
  let gaps = 0
  for (let offset = bytes.indexOf(mark, wholeBytes); offset !== -1;) {
    const frame = wholeFrame(bytes, offset)
    if (frame !== undefined) {
      const id = frame.readUInt32LE(headBytes + 1)
      if (frame[headBytes] === kinds.done) open.delete(id)
      else open.set(id, { id, offset, length: frame.length, ...requestHead(frame) })
      nextId = Math.max(nextId, id + 1)
      if (offset > wholeBytes) gaps += 1
      wholeBytes = offset + frame.length
    }
    offset = bytes.indexOf(mark, frame === undefined ? offset + 1 : wholeBytes)
  }
  return { open: [...open.values()], nextId, wholeBytes, damaged: wholeBytes < bytes.length ? gaps + 1 : gaps }
}

/** The body of the request of a frame; undefined where it is not what was written. */
export function bodyOf(frame: Buffer): Uint8Array | undefined {
  return isWhole(frame) && frame[headBytes] === kinds.request ? frame.subarray(headBytes + requestHeadBytes) : undefined
}

function wholeFrame(bytes: Buffer, offset: number): Buffer | undefined {
  if (offset + headBytes > bytes.length) return undefined
  const frame = bytes.subarray(offset, offset + headBytes + bytes.readUInt32LE(offset + 4))
  return isWhole(frame) ? frame : undefined
}

function isWhole(frame: Buffer): boolean {
  if (frame.length < headBytes + 5 || frame.readUInt32LE(4) !== frame.length - headBytes) return false
  if (frame.readUInt32LE(8) !== crc32(frame.subarray(headBytes))) return false
  return (
    frame[headBytes] === kinds.done ||
    (frame[headBytes] === kinds.request && frame.length >= headBytes + requestHeadBytes)
  )
}

function requestHead(frame: Buffer): Omit<SpooledRequest, 'body'> {
  return {
    count: frame.readUInt32LE(headBytes + 5),
    closedAtMs: frame.readDoubleLE(headBytes + 9),
    compression: frame[headBytes + 17] === 1 ? 'gzip' : 'none',
  }
}
