import type { Backend, Signal } from '../backends/backend.ts'
import type { QueueLimits } from './queue.ts'

/** What is kept on disk, and where. */
export interface SpoolOptions {
  readonly mode: 'on-failure' | 'always'
  /** A folder of this user's own, in which each service, backend and signal has one. */
  readonly dir: string
  /** What tells this service from others of the user. */
  readonly service: string
  /** Most bytes on disk for one backend and signal. */
  readonly maxBytes: number
}

/** What a lane is made of. */
export interface LaneOptions {
  readonly name: string
  readonly type: string
  readonly backend: Backend
  readonly signals: readonly Signal[]
  /** Most milliseconds one attempt may take. */
  readonly timeoutMs: number
  readonly queue: QueueLimits
  /** Where what waits for a backend that takes requests is kept on disk; undefined: nowhere. */
  readonly spool?: SpoolOptions | undefined
  readonly now: () => number
  readonly random: () => number
  /** Runs something soon, in no request's context. */
  readonly schedule: (run: () => void) => void
}
