import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'

/**
 * Runs a step of the telemetry of a queue.
 *
 * What goes wrong in it is counted (`queue_telemetry_failed`), said once and answered with `otherwise`: the job is sent
 * or runs all the same.
 */
export function guarded<T>(step: () => T, otherwise: T): T {
  try {
    return step()
  } catch (error) {
    diagnostics.count('queue_telemetry_failed')
    diagnostics.once('error', `telemetry of a queue failed: ${messageOf(error)}`, 'queue_telemetry_failed')
    return otherwise
  }
}
