import type { Batch } from '../backends/backend.ts'

/** An encoded batch, or one that is being encoded, on its way to one backend. */
export interface WaitingRequest {
  /** Its place in line; halves of a request keep its place. */
  readonly sequence: number
  /** When it was closed, by `performance.now()`: that clock is not set. */
  readonly closedAt: number
  /** Items in it. */
  count: number
  /** Bytes it takes in memory. */
  size: number
  /** Undefined while it is being encoded. */
  body: Uint8Array | undefined
  /** Attempts at which the backend's own code failed. */
  faults: number
  /** Attempts that the backend answered with a refusal of everything. */
  refusals: number
  /** How many requests had been settled when it was first refused. */
  settledBefore: number
  /** Requests that may still be spent on finding what spoils it, shared by its parts; undefined where none were. */
  search: { left: number } | undefined
}

/** A batch in line, of which the body is still to be made. */
export function waitingRequest(sequence: number, { count, estimatedBytes }: Batch): WaitingRequest {
  return {
    sequence,
    closedAt: performance.now(),
    count,
    size: estimatedBytes,
    body: undefined,
    faults: 0,
    refusals: 0,
    settledBefore: 0,
    search: undefined,
  }
}
