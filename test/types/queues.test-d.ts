import { trace } from '@opentelemetry/api'
import { FlowProducer, Queue, type Telemetry, Worker } from 'bullmq'
import { type OpenTelemetryOptions, PgBoss } from 'pg-boss'
import { describe, expectTypeOf, it } from 'vitest'
import { bullmqTelemetry, type BullmqTelemetryOptions } from '../../src/integrations/bullmq.ts'
import { pgBossTelemetry, type PgBossTelemetryOptions } from '../../src/integrations/pg-boss.ts'

const connection = { host: '127.0.0.1' }

describe('bullmqTelemetry', () => {
  it('is what queues, workers and flow producers take', () => {
    expectTypeOf(bullmqTelemetry()).toEqualTypeOf<Telemetry>()
    expectTypeOf(() => new Queue('notes', { connection, telemetry: bullmqTelemetry() })).returns.toExtend<Queue>()
    expectTypeOf(
      () => new Worker('notes', () => Promise.resolve(), { connection, telemetry: bullmqTelemetry() }),
    ).returns.toExtend<Worker>()
    expectTypeOf(() => new FlowProducer({ connection, telemetry: bullmqTelemetry() })).returns.toExtend<FlowProducer>()
  })

  it('takes its options and no others', () => {
    const options: BullmqTelemetryOptions = { correlation: 'link', parentMaxDelayMs: 1_000, logFailures: false }
    bullmqTelemetry({ ...options, tracerProvider: trace.getTracerProvider() })
    // @ts-expect-error no such correlation
    bullmqTelemetry({ correlation: 'sibling' })
    // @ts-expect-error no such option
    bullmqTelemetry({ recordData: true })
  })
})

describe('pgBossTelemetry', () => {
  it('is what pg-boss takes', () => {
    expectTypeOf(pgBossTelemetry()).toExtend<OpenTelemetryOptions>()
    expectTypeOf(() => new PgBoss({ openTelemetry: pgBossTelemetry() })).returns.toEqualTypeOf<PgBoss>()
  })

  it('takes its options and no others', () => {
    const options: PgBossTelemetryOptions = { correlation: 'parent', parentMaxDelayMs: 1_000, logFailures: false }
    pgBossTelemetry({ ...options, tracerProvider: trace.getTracerProvider() })
    // @ts-expect-error not a number
    pgBossTelemetry({ parentMaxDelayMs: '10s' })
  })
})
