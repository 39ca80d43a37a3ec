import type { Batch, Signal } from '../backends/backend.ts'
import type { BackendStatus } from './ledger.ts'

/** One backend's private path. Nothing here throws or rejects. */
export interface Lane {
  readonly name: string
  readonly signals: readonly Signal[]
  /** Items that wait, those on their way included. */
  readonly queued: number
  /** Items lost so far. */
  readonly lost: number
  /** Takes a batch; its delivery starts later, never inside this call. */
  offer(batch: Batch): void
  /** Tries at once what waits for its next attempt. */
  hurry(): void
  /** Resolves when everything taken so far is delivered or dropped, or when `giveUp` aborts. */
  settled(giveUp?: AbortSignal): Promise<void>
  /** Resolves when everything taken so far is delivered or dropped and the backend holds nothing back, or when `giveUp` aborts. */
  flush(giveUp?: AbortSignal): Promise<void>
  /** Gives up the attempts under way and keeps their data; nothing is tried again before the next offer or hurry. */
  rest(): void
  /** Hands over what waits, in the last moment of the process, where that can be done synchronously. */
  deliverAtExit(): void
  /** Gives up, drops what is left, and closes the backend within `closeMs`, or half a second if that is longer. */
  close(closeMs: number): Promise<void>
  /** `open`: items in batches that are not closed yet. */
  status(open: Readonly<Record<Signal, number>>): BackendStatus
}
