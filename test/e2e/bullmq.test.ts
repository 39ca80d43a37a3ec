import { randomUUID } from 'node:crypto'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { DelayedError, type Job, UnrecoverableError } from 'bullmq'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { currentTenant, logger, operation, setTenant, withTenant } from '../../src/index.ts'
import { type Bulls, bulls } from '../integrations/apps/queue-bull.ts'
import {
  exceptionsOf,
  linkReasonOf,
  record,
  type Recording,
  recordsOf,
  tenantOf,
  tie,
} from '../integrations/apps/queue-kit.ts'

let all: Bulls
let recording: Recording
/** The queue of a test. */
let name: string

beforeAll(async () => {
  all = await bulls()
})

beforeEach(() => {
  recording = record()
  name = `notes-${randomUUID().slice(0, 8)}`
})

afterEach(async () => {
  await all.closeAll()
  await recording.stop()
})

afterAll(() => all?.stop())

const acme = tenantOf('acme')
const bolt = tenantOf('bolt')
const processed = (count: number): Promise<ReadableSpan[]> => recording.untilNamed(`process ${name}`, count)

describe('a job', () => {
  it('is one trace with its sender, and its tenant on all that happens in it', async () => {
    const queue = all.queue(name)
    const worker = all.worker(name, async () => {
      logger.info('in the handler')
      await operation('index', 'index note', () => Promise.resolve())
      return { secret: 'a result' }
    })
    const job = await withTenant(acme, () =>
      operation('write', 'write note', () => queue.add('index', { secret: 'some data' })),
    )
    const [process] = (await processed(1)) as [ReadableSpan]
    const [write, send, index] = ['write note', `send ${name}`, 'index note'].map(recording.one) as [
      ReadableSpan,
      ReadableSpan,
      ReadableSpan,
    ]
    expect([send.kind, process.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER])
    expect([tie(send, write), tie(process, send), tie(index, process)]).toEqual(['child', 'child', 'child'])
    expect(send.attributes).toEqual({
      'messaging.system': 'bullmq',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': name,
      'messaging.message.id': job.id,
      'bullmq.job.name': 'index',
      'tenant.id': 'acme',
      'user.id': 'user of acme',
      'operation.type': 'write',
    })
    expect(process.attributes).toEqual({
      'messaging.system': 'bullmq',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': name,
      'messaging.message.id': job.id,
      'messaging.client.id': worker.id,
      'job.attempt': 1,
      'job.wait_ms': expect.any(Number),
      'job.id': job.id,
      'job.name': 'index',
      'tenant.id': 'acme',
      'user.id': 'user of acme',
      'operation.type': 'write',
    })
    expect([process.status.code, process.events]).toEqual([SpanStatusCode.UNSET, []])
    await recording.flush()
    const [line] = recordsOf(recording.records, process)
    for (const { attributes } of [index, line!]) {
      expect(attributes).toMatchObject({ 'tenant.id': 'acme', 'job.id': job.id, 'job.name': 'index' })
    }
    await all.closeAll()
    await recording.flush()
    expect(recording.spans.map((span) => span.name).sort()).toEqual(
      ['index note', `process ${name}`, `send ${name}`, 'write note'].sort(),
    )
    const everything = [...recording.spans, ...recording.records].map(({ attributes }) => attributes)
    expect(JSON.stringify(everything)).not.toContain('secret')
  })

  it.each([
    { pause: 'without a pause', backoff: undefined },
    { pause: 'after a pause', backoff: { type: 'fixed', delay: 20 } },
  ])('that fails is seen at each attempt, tried again $pause', async ({ backoff }) => {
    const queue = all.queue(name)
    all.worker(name, () => {
      const error = new RangeError('no such note', { cause: new Error('the page is gone') })
      return Promise.reject(Object.assign(error, { row: 'secret' }))
    })
    const job = await withTenant(acme, () => queue.add('index', {}, { attempts: 3, ...(backoff && { backoff }) }))
    const attempts = await processed(3)
    const send = recording.one(`send ${name}`)
    expect(attempts.map((span) => [tie(span, send), linkReasonOf(span)])).toEqual([
      ['child', undefined],
      ['linked', 'retry'],
      ['linked', 'retry'],
    ])
    await recording.flush()
    for (const [index, span] of attempts.entries()) {
      const willRetry = index < 2
      expect(span.attributes).toMatchObject({
        'job.id': job.id,
        'job.attempt': index + 1,
        'job.will_retry': willRetry,
        'error.type': 'RangeError',
        'tenant.id': 'acme',
      })
      expect(span.attributes['peer.service']).toBe(index === 0 ? undefined : name)
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no such note' })
      expect(exceptionsOf(span)).toEqual([
        {
          'exception.type': 'RangeError',
          'exception.message': 'no such note',
          'exception.stacktrace': expect.stringMatching(/^RangeError: no such note\n[^]*caused by: Error: the page/),
        },
      ])
      const [failure, ...more] = recordsOf(recording.records, span)
      expect([failure?.body, failure?.severityText, more]).toEqual(
        willRetry ? ['job failed, it will be tried again', 'warn', []] : ['job failed', 'error', []],
      )
      expect(failure?.attributes).toEqual({
        'exception.type': 'RangeError',
        'exception.message': 'no such note',
        'exception.stacktrace': expect.stringContaining('caused by: Error: the page is gone'),
        'messaging.destination.name': name,
        'job.attempt': index + 1,
        'job.will_retry': willRetry,
        'job.id': job.id,
        'job.name': 'index',
        'tenant.id': 'acme',
        'user.id': 'user of acme',
      })
    }
    expect(JSON.stringify(recording.spans.map(({ events, attributes }) => [events, attributes]))).not.toContain(
      'secret',
    )
  })

  it('that fails for good, and is put back by hand, is linked to its sender and still of its tenant', async () => {
    const queue = all.queue(name)
    let fails = true
    all.worker(name, () => (fails ? Promise.reject(new UnrecoverableError('never')) : Promise.resolve()))
    const job = await withTenant(acme, () => queue.add('index', {}, { attempts: 5 }))
    const [first] = (await processed(1)) as [ReadableSpan]
    expect(first.attributes).toMatchObject({ 'job.will_retry': false, 'error.type': 'UnrecoverableError' })
    fails = false
    await job.retry()
    const [, second] = (await processed(2)) as [ReadableSpan, ReadableSpan]
    expect([tie(second, recording.one(`send ${name}`)), linkReasonOf(second)]).toEqual(['linked', 'retry'])
    expect(second.attributes).toMatchObject({ 'tenant.id': 'acme', 'job.attempt': 2 })
    expect(second.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('that fails leaves no log record where that is switched off, and at most 1,024 characters of its message', async () => {
    const queue = all.queue(name)
    all.worker(name, () => Promise.reject(new Error('x'.repeat(5_000))), { telemetry: { logFailures: false } })
    await queue.add('index', {})
    const [process] = (await processed(1)) as [ReadableSpan]
    await recording.flush()
    expect(process.status.message).toBe('x'.repeat(1_024))
    expect(String(exceptionsOf(process)[0]?.['exception.stacktrace']).length).toBeLessThanOrEqual(8_192)
    expect(recording.records).toEqual([])
  })

  it('that starts later than a child may is linked to its sender', async () => {
    const queue = all.queue(name)
    all.worker(name, () => Promise.resolve(), { telemetry: { parentMaxDelayMs: 100 } })
    await withTenant(acme, () => queue.add('index', {}, { delay: 300 }))
    const [process] = (await processed(1)) as [ReadableSpan]
    expect([tie(process, recording.one(`send ${name}`)), linkReasonOf(process)]).toEqual(['linked', 'delay'])
    expect(process.attributes).toMatchObject({ 'tenant.id': 'acme', 'peer.service': name, 'job.attempt': 1 })
    expect(process.attributes['job.wait_ms']).toBeGreaterThan(100)
  })

  it('that its handler postpones has not failed, and is linked when it is picked up again', async () => {
    const queue = all.queue(name)
    let postponed = false
    all.worker(name, async (job: Job, token) => {
      if (postponed) return
      postponed = true
      await job.moveToDelayed(Date.now() + 20, token)
      throw new DelayedError()
    })
    await withTenant(acme, () => queue.add('index', {}))
    const [first, second] = (await processed(2)) as [ReadableSpan, ReadableSpan]
    expect([first.attributes['job.postponed'], first.status.code]).toEqual([true, SpanStatusCode.UNSET])
    expect([tie(second, recording.one(`send ${name}`)), linkReasonOf(second)]).toEqual(['linked', 'retry'])
    expect(second.attributes).toMatchObject({ 'tenant.id': 'acme', 'job.attempt': 1 })
    expect(second.attributes['job.postponed']).toBeUndefined()
  })

  it.each([
    { correlation: 'parent', ties: ['child', 'child'], reasons: [undefined, undefined] },
    { correlation: 'link', ties: ['linked', 'linked'], reasons: ['configured', 'retry'] },
  ] as const)('is tied to its sender as configured: $correlation', async ({ correlation, ties, reasons }) => {
    const queue = all.queue(name)
    all.worker(name, () => Promise.reject(new Error('again')), { telemetry: { correlation } })
    await withTenant(acme, () => queue.add('index', {}, { attempts: 2 }))
    const attempts = await processed(2)
    const send = recording.one(`send ${name}`)
    expect(attempts.map((span) => tie(span, send))).toEqual(ties)
    expect(attempts.map(linkReasonOf)).toEqual(reasons)
    expect(attempts.map(({ attributes }) => attributes['tenant.id'])).toEqual(['acme', 'acme'])
  })

  it('without an envelope has no tenant, also where the worker was made in the request of one', async () => {
    const seen: unknown[] = []
    const polledIn: unknown[] = []
    await withTenant(acme, () =>
      operation('start', 'start worker', () => {
        const worker = all.worker(name, async () => {
          seen.push(currentTenant())
          await operation('inside', 'inside', () => Promise.resolve())
        })
        const backend = worker.getBackend()
        const waitForJob = backend.waitForJob.bind(backend)
        backend.waitForJob = (timeout) => {
          polledIn.push([trace.getActiveSpan(), currentTenant()])
          return waitForJob(timeout)
        }
        return worker.waitUntilReady()
      }),
    )
    await all.queue(name, { telemetry: false }).add('index', {})
    await withTenant(bolt, () => all.queue(name).add('index', {}, { telemetry: { omitContext: true } }))
    const attempts = await processed(2)
    expect(seen).toEqual([undefined, undefined])
    for (const span of [...attempts, ...recording.named('inside')]) {
      expect(Object.keys(span.attributes).filter((key) => /^(tenant|user)\./.test(key))).toEqual([])
    }
    expect(attempts.map(({ parentSpanContext, links }) => [parentSpanContext, links])).toEqual([
      [undefined, []],
      [undefined, []],
    ])
    expect(polledIn.length).toBeGreaterThan(0)
    expect(polledIn).toEqual(polledIn.map(() => [undefined, undefined]))
  })

  it('may learn its tenant late, which then is its own and not that of the next job', async () => {
    const queue = all.queue(name)
    all.worker(name, (job: Job<{ late?: boolean }>) => {
      if (job.data.late === true) setTenant(bolt)
      return Promise.resolve()
    })
    const jobs = await queue.addBulk([
      { name: 'index', data: { late: true } },
      { name: 'index', data: {} },
    ])
    const spans = await processed(2)
    expect(spans.map(({ attributes }) => [attributes['job.id'], attributes['tenant.id']])).toEqual([
      [jobs[0]?.id, 'bolt'],
      [jobs[1]?.id, undefined],
    ])
  })

  it('run in a process of its own fails with the error that it had there', async () => {
    const queue = all.queue(name)
    all.worker(name, new URL('../integrations/apps/queue-sandbox.cjs', import.meta.url))
    const job = await withTenant(acme, () => queue.add('index', {}))
    const [process] = (await processed(1)) as [ReadableSpan]
    expect(process.attributes).toMatchObject({ 'tenant.id': 'acme', 'job.id': job.id, 'error.type': 'Error' })
    expect(process.status).toEqual({ code: SpanStatusCode.ERROR, message: 'failed in the sandbox' })
    expect(exceptionsOf(process)).toMatchObject([{ 'exception.message': 'failed in the sandbox' }])
  })
})

describe('several jobs', () => {
  it('sent at once have one sender and are its children', async () => {
    const queue = all.queue(name)
    all.worker(name, () => Promise.resolve())
    await withTenant(acme, () => queue.addBulk([1, 2, 3].map((n) => ({ name: 'index', data: { n } }))))
    const attempts = await processed(3)
    const send = recording.one(`send ${name}`)
    expect(send.kind).toBe(SpanKind.PRODUCER)
    expect(send.attributes).toMatchObject({ 'messaging.operation.name': 'send', 'messaging.batch.message_count': 3 })
    expect(attempts.map((span) => [tie(span, send), span.attributes['tenant.id']])).toEqual(
      Array.from({ length: 3 }, () => ['child', 'acme']),
    )
    expect(new Set(attempts.map(({ attributes }) => attributes['job.id'])).size).toBe(3)
  })

  it('of a flow have a sender each, in one trace, and each the tenant', async () => {
    all.worker(name, () => Promise.resolve())
    all.worker(`${name}-child`, () => Promise.resolve())
    const child = { name: 'child', queueName: `${name}-child`, data: {}, opts: {} }
    await withTenant(acme, () =>
      all.flows().add({ name: 'parent', queueName: name, data: {}, opts: {}, children: [child, child] }),
    )
    const [parent] = (await processed(1)) as [ReadableSpan]
    const children = await recording.untilNamed(`process ${name}-child`, 2)
    const [send, create] = [recording.one(`send ${name}`), recording.one(`create ${name}`)]
    expect([send.kind, create.kind, tie(create, send), tie(parent, create)]).toEqual([
      SpanKind.CLIENT,
      SpanKind.PRODUCER,
      'child',
      'child',
    ])
    expect(create.attributes).toMatchObject({ 'messaging.operation.type': 'create', 'bullmq.job.name': 'parent' })
    for (const span of children) {
      const senders = recording.named(`create ${name}-child`).filter((sender) => tie(span, sender) === 'child')
      expect(senders.map(({ attributes }) => attributes['messaging.message.id'])).toEqual([span.attributes['job.id']])
    }
    expect([parent, ...children].map(({ attributes }) => attributes['tenant.id'])).toEqual(['acme', 'acme', 'acme'])
  })

  it('of a scheduler are linked to where it was set up, and of the tenant that set it up', async () => {
    const queue = all.queue(name)
    all.worker(name, () => Promise.resolve())
    await withTenant(acme, () => queue.upsertJobScheduler('often', { every: 60, limit: 3 }, { name: 'tick' }))
    const ticks = await processed(3)
    const send = recording.one(`send ${name}`)
    expect(send.attributes).toMatchObject({ 'bullmq.job.scheduler.id': 'often', 'tenant.id': 'acme' })
    expect(ticks.map((span) => [tie(span, send), linkReasonOf(span), span.attributes['tenant.id']])).toEqual(
      Array.from({ length: 3 }, () => ['linked', 'repeat', 'acme']),
    )
  })

  it('of a scheduler that nobody traced are nobody’s, whatever the worker did before', async () => {
    await all
      .queue(name, { telemetry: false })
      .upsertJobScheduler('often', { every: 60, limit: 4 }, { name: 'tick', data: {} })
    const queue = all.queue(name)
    all.worker(name, () => Promise.resolve())
    await withTenant(acme, () => queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'index', data: {} }))))
    const done = await processed(9)
    const ticks = done.filter(({ attributes }) => attributes['job.name'] === 'tick')
    expect(ticks.map(({ attributes, links }) => [attributes['tenant.id'], links])).toEqual(
      Array.from({ length: 4 }, () => [undefined, []]),
    )
    expect(ticks.map(({ parentSpanContext }) => parentSpanContext)).toEqual(Array(4).fill(undefined))
    expect(recording.named(`send ${name}`)).toHaveLength(1)
  })

  it('of three tenants, a hundred of them at the same time, never mix', async () => {
    const queue = all.queue(name)
    const ids = ['acme', 'bolt', 'core']
    all.worker(
      name,
      async (job: Job<{ of: string }>) => {
        await operation('step', `step of ${job.data.of}`, () => new Promise((resolve) => setImmediate(resolve)))
        logger.info(`line of ${job.data.of}`)
      },
      { concurrency: 20 },
    )
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const of = ids[index % 3] as string
        return withTenant(tenantOf(of), () => queue.add('index', { of }))
      }),
    )
    const attempts = await processed(100)
    await recording.flush()
    const byTrace = new Map(attempts.map((span) => [span.spanContext().traceId, span.attributes]))
    const steps = recording.spans.filter((span) => span.name.startsWith('step of '))
    const lines = recording.records.filter(({ body }) => String(body).startsWith('line of '))
    expect([byTrace.size, steps.length, lines.length]).toEqual([100, 100, 100])
    for (const step of steps) {
      const of = byTrace.get(step.spanContext().traceId)
      expect(step.name).toBe(`step of ${String(step.attributes['tenant.id'])}`)
      expect([step.attributes['job.id'], step.attributes['tenant.id']]).toEqual([of?.['job.id'], of?.['tenant.id']])
    }
    for (const { body, attributes, spanContext } of lines) {
      expect(body).toBe(`line of ${String(attributes['tenant.id'])}`)
      expect(attributes['job.id']).toBe(byTrace.get(spanContext?.traceId ?? '')?.['job.id'])
    }
  })
})

describe('looking after a queue', () => {
  it('has a span inside of other work, and none on its own', async () => {
    const queue = all.queue(name)
    await queue.drain()
    await operation('maintain', 'maintain', () => queue.drain())
    const drain = await recording.until(() => recording.named(`drain ${name}`)[0])
    expect([drain.kind, tie(drain, await recording.until(() => recording.named('maintain')[0]))]).toEqual([
      SpanKind.INTERNAL,
      'child',
    ])
    expect(recording.named(`drain ${name}`)).toHaveLength(1)
  })
})
