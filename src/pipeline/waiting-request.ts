import type { Batch } from '../backends/backend.ts'
import type { SpoolEntry } from './spool/spool.ts'

/** An encoded batch, or one that is being encoded, on its way to one backend. */
export interface WaitingRequest {
  /** Its place in line; halves of a request keep its place. */
  readonly sequence: number
  /** When it was closed, by `performance.now()`: that clock is not set. Negative for what a process before this one left. */
  readonly closedAt: number
  /** What is to be encoded; undefined once it is. */
  batch: Batch | undefined
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
  /** Attempts that the backend answered with a refusal of everything. */
  refusals: number
  /** How many requests had been settled when it was first refused. */
  settledBefore: number
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
  refusals: 0,
  settledBefore: 0,
  search: undefined,
} as const

/** A batch in line, of which the body is still to be made. */
export function requestOfBatch(sequence: number, batch: Batch): WaitingRequest {
  const { count, estimatedBytes: size } = batch
  return { ...fresh, sequence, closedAt: performance.now(), batch, count, held: count, size }
}

/** A request that is on disk already. */
export function requestOnDisk(sequence: number, spooled: SpoolEntry, nowMs: number): WaitingRequest {
  const closedAt = performance.now() - Math.max(0, nowMs - spooled.closedAtMs)
  return {
    ...fresh,
    sequence,
    closedAt,
    batch: undefined,
    count: spooled.count,
    held: 0,
    size: bytesBesideBody,
    spooled,
  }
}

export function itemsOnDisk(requests: readonly WaitingRequest[]): number {
  return requests.reduce((sum, { spooled, count }) => sum + (spooled === undefined ? 0 : count), 0)
}
