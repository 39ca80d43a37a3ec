import type { TextMapPropagator, TracerProvider } from '@opentelemetry/api'
import { guarded } from './queues/guarded.ts'
import { type QueueTelemetryOptions, settingsOf } from './queues/options.ts'
import { detachWorkers } from './queues/pg-boss-detach.ts'
import { envelopePropagator } from './queues/pg-boss-propagator.ts'
import { pgBossTracer } from './queues/pg-boss-tracer.ts'

/** What {@link pgBossTelemetry} takes; the same as for BullMQ. */
export type PgBossTelemetryOptions = QueueTelemetryOptions

/** What pg-boss takes as `openTelemetry`; written out, as the declarations of 12.38 do not compile by themselves. */
export interface PgBossOpenTelemetry {
  readonly propagateContext: true
  readonly propagator: TextMapPropagator
  readonly tracerProvider: TracerProvider
}

/**
 * Traces pg-boss 12.38 and later: give it to `new PgBoss()` as its `openTelemetry`.
 *
 * A PRODUCER span `send <queue>` for what is sent, a CONSUMER span `process <queue>` for every attempt at a job, with the
 * tenant that it was sent for, `job.id` and `job.name` on all that happens in the handler. Trace and tenant travel in the
 * job's column `trace_context`. A handler that takes several jobs at once has one span, linked to each sender, and a
 * tenant where all of them have the same. Job data and results are not recorded. pg-boss's own metrics stay as they are.
 * What goes wrong in it later is counted (`queue_telemetry_failed`, `job_envelope_ignored_<why>`) and never thrown.
 *
 * Follows the messaging conventions, https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/.
 *
 * @throws TelemetryError `ERR_OPTIONS_INVALID` with everything that is wrong with the options.
 */
export function pgBossTelemetry(options: PgBossTelemetryOptions = {}): PgBossOpenTelemetry {
  const tracer = pgBossTracer(settingsOf('pg-boss', options))
  guarded(detachWorkers, undefined)
  return { propagateContext: true, propagator: envelopePropagator, tracerProvider: { getTracer: () => tracer } }
}
