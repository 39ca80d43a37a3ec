import type { Telemetry } from 'bullmq'
import { createTelemetry } from './queues/bullmq-telemetry.ts'
import { type QueueTelemetryOptions, settingsOf } from './queues/options.ts'

/** What {@link bullmqTelemetry} takes; the same as for pg-boss. */
export type BullmqTelemetryOptions = QueueTelemetryOptions

/**
 * Traces BullMQ 6: give it to `Queue`, `Worker` and `FlowProducer` as their `telemetry`.
 *
 * A PRODUCER span `send <queue>` for what is sent, a CONSUMER span `process <queue>` for every attempt at a job, with the
 * tenant that it was sent for, `job.id` and `job.name` on all that happens in the handler. Trace and tenant travel in
 * `opts.telemetry.metadata` of the job; a job with `telemetry: { omitContext: true }` carries neither. Job data and results
 * are not recorded. One telemetry may serve any number of queues and workers. What goes wrong in it later is counted
 * (`queue_telemetry_failed`, `job_envelope_ignored_<why>`) and never thrown.
 *
 * Follows the messaging conventions, https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/.
 *
 * @throws TelemetryError `ERR_OPTIONS_INVALID` with everything that is wrong with the options.
 */
export function bullmqTelemetry(options: BullmqTelemetryOptions = {}): Telemetry {
  return createTelemetry(settingsOf('bullmq', options))
}
