import { isOtlpBackend } from '../backends/backend.ts'
import { BatchLane } from './batch-lane.ts'
import type { Lane } from './lane.ts'
import type { LaneOptions } from './lane-options.ts'
import { OtlpLane } from './otlp-lane.ts'

/** The lane that a backend's way of taking data asks for. */
export function createLane(options: LaneOptions): Lane {
  const { backend } = options
  return isOtlpBackend(backend) ? new OtlpLane({ ...options, backend }) : new BatchLane(options)
}
