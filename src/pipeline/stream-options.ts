import type { OtlpBackend, OtlpOutcome, Signal } from '../backends/backend.ts'
import type { LaneOptions } from './lane-options.ts'
import type { SpoolSettings } from './stream-spool.ts'

export interface StreamOptions extends Omit<LaneOptions, 'backend' | 'signals' | 'type' | 'spool'> {
  readonly backend: OtlpBackend
  readonly signal: Signal
  /** Undefined where nothing is kept on disk. */
  readonly spool: SpoolSettings | undefined
  /** Most requests on their way at once. */
  readonly concurrency: number
}

/** What a backend says of a request that it may take in parts. */
export type Split = Extract<OtlpOutcome, { kind: 'split' }>

export type StreamState = 'idle' | 'sending' | 'waiting' | 'blocked' | 'closed'

/** A backend keeps its deadline itself; it gets this many milliseconds more to say what it knows by then. */
export const deadlineGraceMs = 500
