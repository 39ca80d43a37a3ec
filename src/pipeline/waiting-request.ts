import type { Batch } from '../backends/backend.ts'
import type { SpoolEntry } from './spool/spool.ts'

export type Compression = 'gzip' | 'none'

/** An encoded batch, or one that is being encoded, on its way to one backend. */
export interface WaitingRequest {
  /** Its place in line; halves of a request keep its place. */
  readonly sequence: number
  /** When it was closed, by `performance.now()`: that clock is not set. Negative for what a process before this one left. */
  readonly closedAt: number
  /** What is to be encoded; undefined once it is. */
  batch: Batch | undefined
  readonly compression: Compression
  /** Items in it. */
  count: number
  /** Items of it that count against the limits of memory. */
  held: number
  /** Bytes it takes in memory. */
  size: number
  /** Undefined while it is being encoded, and while it is on disk alone. */
  body: Uint8Array | undefined
  /** Where it is on disk. */
  spooled: SpoolEntry | undefined
  /** True while it is being written to disk. */
  isSpilling: boolean
  /** True once it is delivered or dropped. */
  isSettled: boolean
  /** Attempts at which the backend's own code failed. */
  faults: number
  /** Attempts that the backend failed at or refused. */
  setbacks: number
  /** How many requests of the stream had been settled at the first of them. */
  settledBefore: number
  /** When it may be tried again, by `performance.now()`, where it waits apart from the others. */
  notBefore: number
  /** True where another attempt was asked for while one is under way: what is answered to that one holds nobody back. */
  isHurried: boolean
  /** Requests that may still be spent on finding what spoils it, shared by its parts; undefined where none were. */
  search: { left: number } | undefined
}

/** What a request takes in memory beside its body. */
export const bytesBesideBody = 300

const fresh = {
  body: undefined,
  spooled: undefined,
  isSpilling: false,
  isSettled: false,
  faults: 0,
  setbacks: 0,
  settledBefore: 0,
  notBefore: 0,
  isHurried: false,
  search: undefined,
} as const

/** A batch in line, of which the body is still to be made. */
export function requestOfBatch(sequence: number, batch: Batch, compression: Compression): WaitingRequest {
  const { count, estimatedBytes: size } = batch
  return { ...fresh, sequence, closedAt: performance.now(), batch, compression, count, held: count, size }
}

/** A request that is on disk already. */
export function requestOnDisk(sequence: number, spooled: SpoolEntry, nowMs: number): WaitingRequest {
  const closedAt = performance.now() - Math.max(0, nowMs - spooled.closedAtMs)
  return {
    ...fresh,
    sequence,
    closedAt,
    batch: undefined,
    compression: spooled.compression,
    count: spooled.count,
    held: 0,
    size: bytesBesideBody,
    spooled,
  }
}

export function itemsOnDisk(requests: readonly WaitingRequest[]): number {
  return requests.reduce((sum, { spooled, count }) => sum + (spooled === undefined ? 0 : count), 0)
}
