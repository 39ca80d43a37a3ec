import type { Backend, Signal } from '../backends/backend.ts'
import type { QueueLimits } from './queue.ts'

/** What a lane is made of. */
export interface LaneOptions {
  readonly name: string
  readonly type: string
  readonly backend: Backend
  readonly signals: readonly Signal[]
  /** Most milliseconds one attempt may take. */
  readonly timeoutMs: number
  readonly queue: QueueLimits
  readonly now: () => number
  readonly random: () => number
  /** Runs something soon, in no request's context. */
  readonly schedule: (run: () => void) => void
}
