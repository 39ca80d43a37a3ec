// BullMQ's hooks without its classes, as where signalbox cannot reach them: everything here runs without Redis.
import { SpanKind, SpanStatusCode, trace as traceApi } from '@opentelemetry/api'
import { SpanKind as BullSpanKind, trace } from 'bullmq'
import { afterEach, describe, expect, it } from 'vitest'
import { bullmqTelemetry, type BullmqTelemetryOptions } from '../../src/integrations/bullmq.ts'
import { currentAttributes, currentTenant, logger, operation, withTenant } from '../../src/index.ts'
import { exceptionsOf, linkReasonOf, record, type Recording, recordsOf, tenantOf, tie } from './apps/queue-kit.ts'

let recording: Recording

afterEach(() => recording.stop())

/** What BullMQ's own code does with the telemetry of a queue and of a worker. */
function hooks(options: BullmqTelemetryOptions = {}) {
  const telemetry = bullmqTelemetry(options)
  return {
    add: (id: string): Promise<string | undefined> =>
      trace(telemetry, BullSpanKind.PRODUCER, 'notes', 'add', 'notes.index', async (span, metadata) => {
        span?.setAttributes({ 'bullmq.job.id': id, 'bullmq.job.name': 'index' })
        return Promise.resolve(metadata)
      }),
    process: (id: string, metadata: string | undefined, handler: () => Promise<unknown>): Promise<void> =>
      trace(
        telemetry,
        BullSpanKind.CONSUMER,
        'notes',
        'process',
        'notes',
        async (span) => {
          span?.setAttributes({ 'bullmq.job.id': id, 'bullmq.job.name': 'index', 'bullmq.worker.id': 'w' })
          const error = await handler().then(
            () => undefined,
            (thrown: unknown) => thrown as Error,
          )
          const settled = error === undefined ? 'complete' : 'fail'
          await trace(telemetry, BullSpanKind.INTERNAL, 'notes', settled, 'notes', async () => {})
          if (error === undefined) span?.addEvent('job completed', { 'bullmq.job.result': 'secret' })
          else span?.addEvent('job failed', { 'bullmq.job.failed.reason': error.message })
        },
        metadata,
      ),
    telemetry,
  }
}

describe('the hooks alone', () => {
  it('carry trace and tenant with a job', async () => {
    recording = record()
    const { add, process } = hooks()
    const metadata = await withTenant(tenantOf('acme'), () => add('7'))
    const seen: unknown[] = []
    await withTenant(tenantOf('bolt'), () =>
      process('7', metadata, async () => {
        seen.push(currentTenant()?.['tenant.id'], currentAttributes()['job.id'])
        logger.info('inside')
        await operation('index', 'index', () => Promise.resolve())
      }),
    )
    await recording.flush()
    const [send, attempt] = [recording.one('send notes'), recording.one('process notes')]
    expect([send.kind, attempt.kind, tie(attempt, send)]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER, 'child'])
    expect(seen).toEqual(['acme', '7'])
    for (const { attributes } of [attempt, recording.one('index'), recording.records[0]!]) {
      expect(attributes).toMatchObject({ 'tenant.id': 'acme', 'job.id': '7', 'job.name': 'index' })
    }
    expect(attempt.attributes).toMatchObject({ 'messaging.message.id': '7', 'messaging.client.id': 'w' })
    expect(recording.spans).toHaveLength(3)
    expect(JSON.stringify(attempt.events)).not.toContain('secret')
    expect(recording.counters()).toMatchObject({ bullmq_out_of_reach: 1 })
  })

  it('tell of a failure what BullMQ tells them: its message', async () => {
    recording = record()
    const { add, process } = hooks()
    await process('7', await add('7'), () => Promise.reject(new Error('no such note')))
    await recording.flush()
    const attempt = recording.one('process notes')
    expect(attempt.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no such note' })
    expect(attempt.attributes).toMatchObject({ 'error.type': '_OTHER', 'job.will_retry': false })
    expect(exceptionsOf(attempt)).toMatchObject([{ 'exception.message': 'no such note' }])
    expect(recordsOf(recording.records, attempt)).toMatchObject([{ body: 'job failed' }])
  })

  it('do not give the tenant of a job to what the worker sends after it', async () => {
    recording = record()
    const { add, telemetry } = hooks()
    const metadata = await withTenant(tenantOf('acme'), () => add('7'))
    const after: unknown[] = []
    await trace(
      telemetry,
      BullSpanKind.CONSUMER,
      'notes',
      'process',
      'notes',
      async (span) => {
        span?.setAttributes({ 'bullmq.job.id': '7', 'bullmq.job.name': 'index' })
        await trace(telemetry, BullSpanKind.INTERNAL, 'notes', 'complete', 'notes', async () => {})
        span?.addEvent('job completed', {})
        after.push(await add('8'))
      },
      metadata,
    )
    await recording.flush()
    expect(after).toEqual([''])
    expect(recording.named('send notes')).toHaveLength(1)
  })

  it('link a job of which nobody knows when it was sent, and one that another library sent', async () => {
    recording = record()
    const { process } = hooks()
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    await process('7', JSON.stringify({ traceparent }), () => Promise.resolve())
    await recording.flush()
    const attempt = recording.one('process notes')
    expect(attempt.links.map((link) => link.context)).toMatchObject([
      { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) },
    ])
    expect([attempt.parentSpanContext, linkReasonOf(attempt)]).toEqual([undefined, 'delay'])
  })

  it('keep the tenant of a job that is not sampled, on its log records', async () => {
    recording = record({ sampler: { name: 'always_off' } })
    const { add, process } = hooks()
    const metadata = await withTenant(tenantOf('acme'), () => add('7'))
    await process('7', metadata, () => Promise.reject(new Error('no such note')))
    await recording.flush()
    expect(recording.spans).toEqual([])
    expect(recording.records).toMatchObject([
      { body: 'job failed', attributes: { 'tenant.id': 'acme', 'job.id': '7', 'exception.message': 'no such note' } },
    ])
  })

  it('clean a job id that would forge what a reader sees', async () => {
    recording = record()
    const { process } = hooks()
    await process(`7\u202e\n${'x'.repeat(500)}`, undefined, () => Promise.resolve())
    await recording.flush()
    expect(recording.one('process notes').attributes).toMatchObject({
      'job.id': `7??${'x'.repeat(253)}`,
      'messaging.message.id': `7??${'x'.repeat(253)}`,
    })
  })

  it('do nothing but run the job where telemetry is not started', async () => {
    recording = record()
    await recording.stop()
    const { add, process } = hooks()
    const metadata = await add('7')
    const seen: unknown[] = []
    await process('7', metadata, () => {
      seen.push([traceApi.getActiveSpan(), currentTenant()])
      return Promise.resolve()
    })
    expect([metadata, seen, recording.spans]).toEqual(['', [[undefined, undefined]], []])
  })
})
