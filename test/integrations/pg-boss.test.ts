import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { currentTenant, logger, operation, setTenant, withTenant } from '../../src/index.ts'
import { type Bosses, bosses, fast } from './apps/queue-boss.ts'
import { exceptionsOf, linkReasonOf, record, type Recording, recordsOf, tenantOf, tie } from './apps/queue-kit.ts'

let all: Bosses
let recording: Recording

beforeAll(async () => {
  all = await bosses()
})

beforeEach(() => {
  recording = record()
})

afterEach(async () => {
  await all.stopAll()
  await recording.stop()
})

afterAll(() => all?.close())

const acme = tenantOf('acme')
const bolt = tenantOf('bolt')

describe('a job', () => {
  it('is one trace with its sender, and its tenant on all that happens in it', async () => {
    const boss = await all.start(['notes'])
    await boss.work('notes', fast, async () => {
      logger.info('in the handler')
      await operation('index', 'index note', () => Promise.resolve())
      return { secret: 'a result' }
    })
    const id = await withTenant(acme, () =>
      operation('write', 'write note', () => boss.send('notes', { secret: 'some data' })),
    )
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    const [write, send, index] = ['write note', 'send notes', 'index note'].map(recording.one) as [
      ReadableSpan,
      ReadableSpan,
      ReadableSpan,
    ]
    expect([send.kind, process.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER])
    expect([tie(send, write), tie(process, send), tie(index, process)]).toEqual(['child', 'child', 'child'])
    expect(send.attributes).toEqual({
      'messaging.system': 'pg-boss',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'notes',
      'messaging.message.id': id,
      'pgboss.schema': 'pgboss',
      'tenant.id': 'acme',
      'user.id': 'user of acme',
      'operation.type': 'write',
    })
    expect(process.attributes).toEqual({
      'messaging.system': 'pg-boss',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'notes',
      'messaging.message.id': id,
      'pgboss.schema': 'pgboss',
      'pgboss.job.retry_count': 0,
      'job.attempt': 1,
      'job.wait_ms': expect.any(Number),
      'job.id': id,
      'job.name': 'notes',
      'tenant.id': 'acme',
      'user.id': 'user of acme',
      'operation.type': 'write',
    })
    expect(process.status.code).toBe(SpanStatusCode.UNSET)
    await recording.flush()
    const [line] = recordsOf(recording.records, process)
    for (const { attributes } of [index, line!]) {
      expect(attributes).toMatchObject({ 'tenant.id': 'acme', 'job.id': id, 'job.name': 'notes' })
    }
    expect(recording.spans.map(({ name }) => name).sort()).toEqual(
      ['index note', 'process notes', 'send notes', 'write note'].sort(),
    )
    const everything = [...recording.spans, ...recording.records].map(({ attributes }) => attributes)
    expect(JSON.stringify(everything)).not.toContain('secret')
  })

  it('that fails is seen at each attempt: the first in its trace, the others linked to its sender', async () => {
    const boss = await all.start(['notes'], { queue: { retryLimit: 2, retryDelay: 0 } })
    await boss.work('notes', fast, () => {
      const error = new RangeError('no such note', { cause: new Error('the page is gone') })
      return Promise.reject(Object.assign(error, { row: 'secret' }))
    })
    const id = await withTenant(acme, () => boss.send('notes', {}))
    const attempts = await recording.untilNamed('process notes', 3)
    const send = recording.one('send notes')
    expect(attempts.map((span) => [tie(span, send), linkReasonOf(span)])).toEqual([
      ['child', undefined],
      ['linked', 'retry'],
      ['linked', 'retry'],
    ])
    await recording.flush()
    for (const [index, span] of attempts.entries()) {
      expect(span.attributes).toMatchObject({
        'job.id': id,
        'job.attempt': index + 1,
        'pgboss.job.retry_count': index,
        'error.type': 'RangeError',
        'tenant.id': 'acme',
      })
      expect(span.attributes['peer.service']).toBe(index === 0 ? undefined : 'notes')
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no such note' })
      expect(exceptionsOf(span)).toEqual([
        {
          'exception.type': 'RangeError',
          'exception.message': 'no such note',
          'exception.stacktrace': expect.stringMatching(/^RangeError: no such note\n[^]*caused by: Error: the page/),
        },
      ])
      const [failure, ...more] = recordsOf(recording.records, span)
      expect([failure?.body, failure?.severityText, more]).toEqual(['job failed', 'error', []])
      expect(failure?.spanContext?.traceId).toBe(span.spanContext().traceId)
      expect(failure?.attributes).toEqual({
        'exception.type': 'RangeError',
        'exception.message': 'no such note',
        'exception.stacktrace': expect.stringContaining('caused by: Error: the page is gone'),
        'messaging.destination.name': 'notes',
        'job.attempt': index + 1,
        'job.id': id,
        'job.name': 'notes',
        'tenant.id': 'acme',
        'user.id': 'user of acme',
      })
    }
    expect(JSON.stringify(recording.spans.map(({ events, attributes }) => [events, attributes]))).not.toContain(
      'secret',
    )
  })

  it('that fails leaves no log record where that is switched off, and at most 1,024 characters of its message', async () => {
    const boss = await all.start(['notes'], { telemetry: { logFailures: false } })
    await boss.work('notes', fast, () => Promise.reject(new Error('x'.repeat(5_000))))
    await boss.send('notes', {}, { retryLimit: 0 })
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    await recording.flush()
    expect(process.status.message).toBe('x'.repeat(1_024))
    expect(String(exceptionsOf(process)[0]?.['exception.stacktrace']).length).toBeLessThanOrEqual(8_192)
    expect(recording.records).toEqual([])
  })

  it('keeps what its handler records on its span', async () => {
    const boss = await all.start(['notes'])
    await boss.work('notes', fast, async () => {
      await Promise.resolve()
      const span = trace.getActiveSpan()
      span?.recordException(new Error('handled'))
      span?.setStatus({ code: SpanStatusCode.ERROR, message: 'by the handler' })
    })
    await boss.send('notes', {})
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    await recording.flush()
    expect(exceptionsOf(process)).toMatchObject([{ 'exception.message': 'handled' }])
    expect([process.status.message, recording.records]).toEqual(['by the handler', []])
  })

  it('given back as failed by a handler with results of its own is a failed attempt', async () => {
    const boss = await all.start(['notes'])
    await boss.work('notes', { ...fast, perJobResults: true }, ([job]) =>
      Promise.resolve([{ id: job?.id ?? '', status: 'failed' as const }]),
    )
    await boss.send('notes', {}, { retryLimit: 0 })
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    await recording.flush()
    expect(process.status).toEqual({
      code: SpanStatusCode.ERROR,
      message: 'the handler gave the job back as failed',
    })
    expect(recordsOf(recording.records, process).map(({ body }) => body)).toEqual(['job failed'])
  })

  it('that starts later than a child may is linked to its sender', async () => {
    const boss = await all.start(['notes'], { telemetry: { parentMaxDelayMs: 200 } })
    await boss.work('notes', fast, () => Promise.resolve())
    await withTenant(acme, () => boss.send('notes', {}, { startAfter: 1 }))
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    expect([tie(process, recording.one('send notes')), linkReasonOf(process)]).toEqual(['linked', 'delay'])
    expect(process.attributes).toMatchObject({ 'tenant.id': 'acme', 'peer.service': 'notes', 'job.attempt': 1 })
    expect(process.attributes['job.wait_ms']).toBeGreaterThan(200)
  })

  it.each([
    { correlation: 'parent', ties: ['child', 'child'], reasons: [undefined, undefined] },
    { correlation: 'link', ties: ['linked', 'linked'], reasons: ['configured', 'retry'] },
  ] as const)('is tied to its sender as configured: $correlation', async ({ correlation, ties, reasons }) => {
    const boss = await all.start(['notes'], {
      telemetry: { correlation },
      queue: { retryLimit: 1, retryDelay: 0 },
    })
    await boss.work('notes', fast, () => Promise.reject(new Error('again')))
    await withTenant(acme, () => boss.send('notes', {}))
    const attempts = await recording.untilNamed('process notes', 2)
    const send = recording.one('send notes')
    expect(attempts.map((span) => tie(span, send))).toEqual(ties)
    expect(attempts.map(linkReasonOf)).toEqual(reasons)
    expect(attempts.map(({ attributes }) => attributes['tenant.id'])).toEqual(['acme', 'acme'])
  })

  it('put in by somebody else has no tenant, also where the worker was made in the request of one', async () => {
    const pool = new pg.Pool({ connectionString: all.url, max: 4 })
    const polledIn: unknown[] = []
    const db = {
      executeSql: async (text: string, values?: unknown[]) => {
        if (text.includes('__traceContext')) polledIn.push([trace.getActiveSpan(), currentTenant()])
        return pool.query(text, values)
      },
    }
    const boss = await all.start(['notes'], { db })
    const seen: unknown[] = []
    await withTenant(acme, () =>
      operation('start', 'start worker', () =>
        boss.work('notes', fast, async () => {
          seen.push(currentTenant())
          await operation('inside', 'inside', () => Promise.resolve())
        }),
      ),
    )
    await all.sql(`insert into pgboss.job (name, data) values ('notes', '{}')`)
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    expect([seen, process.parentSpanContext, process.links]).toEqual([[undefined], undefined, []])
    for (const span of [process, recording.one('inside')]) {
      expect(Object.keys(span.attributes).filter((key) => /^(tenant|user)\./.test(key))).toEqual([])
    }
    expect(polledIn.length).toBeGreaterThan(0)
    expect(polledIn).toEqual(polledIn.map(() => [undefined, undefined]))
    await boss.stop({ graceful: false, close: true })
    await pool.end()
  })

  it('may learn its tenant late, which then is its own and not that of the next job', async () => {
    const boss = await all.start(['notes'])
    await boss.work<{ late?: boolean }>('notes', fast, ([job]) => {
      if (job?.data.late === true) setTenant(bolt)
      return Promise.resolve()
    })
    const late = await boss.send('notes', { late: true })
    await recording.untilNamed('process notes', 1)
    const plain = await boss.send('notes', {})
    const spans = await recording.untilNamed('process notes', 2)
    expect(spans.map(({ attributes }) => [attributes['job.id'], attributes['tenant.id']])).toEqual([
      [late, 'bolt'],
      [plain, undefined],
    ])
  })

  it('keeps its tenant when it ends in the dead letter queue', async () => {
    const boss = await all.start(['graveyard'])
    await boss.deleteQueue('notes')
    await boss.createQueue('notes', { retryLimit: 0, deadLetter: 'graveyard' })
    await boss.work('notes', fast, () => Promise.reject(new Error('dead')))
    await boss.work('graveyard', fast, () => Promise.resolve())
    await withTenant(acme, () => boss.send('notes', {}))
    const [buried] = (await recording.untilNamed('process graveyard', 1)) as [ReadableSpan]
    expect(buried.attributes).toMatchObject({ 'tenant.id': 'acme', 'messaging.destination.name': 'graveyard' })
    expect(tie(buried, recording.one('send notes'))).toBe('child')
  })
})

describe('a schedule', () => {
  it('sends each job anew, and the jobs that pg-boss keeps it with are not recorded', async () => {
    const boss = await all.start(['notes'], { schedule: true, cronWorkerIntervalSeconds: 1 })
    await boss.work('notes', fast, () => Promise.resolve())
    await all.sql(`insert into pgboss.job (name, data) values ('__pgboss__send-it', $1)`, [
      { name: 'notes', data: {}, options: {}, key: '', slot: new Date().toISOString() },
    ])
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    const send = recording.one('send notes')
    expect([send.parentSpanContext, tie(process, send)]).toEqual([undefined, 'child'])
    await recording.flush()
    expect(recording.spans.map(({ name }) => name)).toEqual(['send notes', 'process notes'])
  })
})

describe('several jobs', () => {
  it('sent at once have one sender and are its children', async () => {
    const boss = await all.start(['notes'])
    await boss.work('notes', fast, () => Promise.resolve())
    await withTenant(acme, () => boss.insert('notes', [{ data: { n: 1 } }, { data: { n: 2 } }, { data: { n: 3 } }]))
    const attempts = await recording.untilNamed('process notes', 3)
    const send = recording.one('send notes')
    expect(send.kind).toBe(SpanKind.PRODUCER)
    expect(send.attributes).toMatchObject({ 'messaging.operation.name': 'send', 'messaging.batch.message_count': 3 })
    expect(attempts.map((span) => [tie(span, send), span.attributes['tenant.id']])).toEqual(
      Array.from({ length: 3 }, () => ['child', 'acme']),
    )
    expect(new Set(attempts.map(({ attributes }) => attributes['job.id'])).size).toBe(3)
  })

  it('of a flow have one sender, and each the tenant', async () => {
    const boss = await all.start(['first', 'second'])
    await boss.work('first', fast, () => Promise.resolve())
    await boss.work('second', fast, () => Promise.resolve())
    await withTenant(acme, () =>
      boss.flow([
        { ref: 'a', name: 'first', data: {} },
        { ref: 'b', name: 'second', data: {}, dependsOn: ['a'] },
      ]),
    )
    await recording.untilNamed('process first', 1)
    await boss.resolveFlow()
    const [second] = (await recording.untilNamed('process second', 1)) as [ReadableSpan]
    const [send, first] = [recording.one('send'), recording.one('process first')]
    expect([tie(first, send), tie(second, send)]).toEqual(['child', 'child'])
    expect([first, second].map(({ attributes }) => attributes['tenant.id'])).toEqual(['acme', 'acme'])
  })

  it.each([
    { title: 'of one tenant', tenants: [acme, acme, acme], expected: 'acme' },
    { title: 'of several tenants', tenants: [acme, bolt, acme], expected: undefined },
    { title: 'of one tenant and of nobody', tenants: [acme, undefined, acme], expected: undefined },
  ])('taken at once, $title, are one attempt that is linked to each sender', async ({ tenants, expected }) => {
    const boss = await all.start(['notes'])
    for (const tenant of tenants) {
      const send = (): Promise<unknown> => boss.send('notes', {})
      await (tenant === undefined ? send() : withTenant(tenant, send))
    }
    const seen: unknown[] = []
    await boss.work('notes', { ...fast, batchSize: 3 }, (jobs) => {
      seen.push([jobs.length, currentTenant()?.['tenant.id']])
      return Promise.resolve()
    })
    const [process] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
    expect(seen).toEqual([[3, expected]])
    expect(process.attributes).toMatchObject({ 'messaging.batch.message_count': 3, 'job.name': 'notes' })
    expect([process.attributes['tenant.id'], process.parentSpanContext]).toEqual([expected, undefined])
    expect(process.links.map(({ attributes }) => attributes?.['link.reason'])).toEqual(Array(3).fill('batch'))
    expect(process.links.map(({ context }) => context.spanId).sort()).toEqual(
      recording
        .named('send notes')
        .map((send) => send.spanContext().spanId)
        .sort(),
    )
  })

  it('of three tenants, a hundred of them at the same time, never mix', async () => {
    const boss = await all.start(['notes'])
    const ids = ['acme', 'bolt', 'core']
    await boss.work<{ of: string }>('notes', { ...fast, localConcurrency: 10 }, async ([job]) => {
      await operation('step', `step of ${job?.data.of}`, () => new Promise((resolve) => setImmediate(resolve)))
      logger.info(`line of ${job?.data.of}`)
    })
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const of = ids[index % 3] as string
        return withTenant(tenantOf(of), () => boss.send('notes', { of }))
      }),
    )
    const attempts = await recording.untilNamed('process notes', 100)
    await recording.flush()
    const byTrace = new Map(attempts.map((span) => [span.spanContext().traceId, span.attributes]))
    const steps = recording.spans.filter(({ name }) => name.startsWith('step of '))
    const lines = recording.records.filter(({ body }) => String(body).startsWith('line of '))
    expect([byTrace.size, steps.length, lines.length]).toEqual([100, 100, 100])
    for (const step of steps) {
      const { name, attributes } = step
      const of = byTrace.get(step.spanContext().traceId)
      expect([name, attributes['job.id']]).toEqual([`step of ${String(attributes['tenant.id'])}`, of?.['job.id']])
      expect(attributes['tenant.id']).toBe(of?.['tenant.id'])
    }
    for (const { body, attributes, spanContext } of lines) {
      expect(body).toBe(`line of ${String(attributes['tenant.id'])}`)
      expect(attributes['job.id']).toBe(byTrace.get(spanContext?.traceId ?? '')?.['job.id'])
    }
  })
})

describe('an application that fetches jobs itself', () => {
  it('has a span for what it fetched, linked to the sender, and none for finding nothing', async () => {
    const boss = await all.start(['notes'])
    expect(await boss.fetch('notes')).toEqual([])
    const id = await boss.send('notes', {})
    const [job] = await boss.fetch('notes')
    await boss.complete('notes', job?.id ?? '')
    const complete = await recording.until(() => recording.named('complete notes')[0])
    const receive = recording.one('receive notes')
    expect([receive.kind, receive.attributes['messaging.message.id']]).toEqual([SpanKind.CLIENT, id])
    expect(receive.links.map(({ context }) => context.spanId)).toEqual([
      recording.one('send notes').spanContext().spanId,
    ])
    expect([complete.kind, complete.attributes['messaging.operation.type']]).toEqual([SpanKind.CLIENT, 'settle'])
    for (const span of recording.spans) expect(span.attributes['db.namespace']).toBeUndefined()
  })
})
