import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import pg from 'pg'
import { type ConstructorOptions, type Job, PgBoss, type Queue } from 'pg-boss'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { currentAttributes, currentTenant, logger, operation, setTenant, withTenant } from '../../src/index.ts'
import { pgBossTelemetry, type PgBossTelemetryOptions } from '../../src/integrations/pg-boss.ts'
import { startPostgres } from '../support/postgres.ts'
import {
  exceptionsOf,
  linkReasonOf,
  record,
  type Recording,
  recordsOf,
  tenantKey,
  tenantOf,
  tie,
} from './apps/queue-kit.ts'

let postgres: Awaited<ReturnType<typeof startPostgres>>
let recording: Recording
const bosses: PgBoss[] = []

beforeAll(async () => {
  postgres = await startPostgres()
})

afterEach(async () => {
  await Promise.all(bosses.splice(0).map((boss) => boss.stop({ graceful: false, close: true })))
  await recording?.stop()
})

afterAll(() => postgres?.stop())

/** A pg-boss with telemetry, and its queues, made anew. */
async function bossOf(
  names: readonly string[],
  { telemetry, queue, ...rest }: { telemetry?: PgBossTelemetryOptions; queue?: Partial<Queue> } & ConstructorOptions = {},
): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: postgres.url,
    schedule: false,
    supervise: false,
    openTelemetry: pgBossTelemetry(telemetry),
    ...rest,
  })
  bosses.push(boss)
  boss.on('error', () => {})
  await boss.start()
  for (const name of names) {
    await boss.deleteQueue(name)
    await boss.createQueue(name, queue)
  }
  return boss
}

const fast = { pollingIntervalSeconds: 0.5 }

async function sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

describe('a job of pg-boss', () => {
  it('is one trace with its sender, of its tenant throughout', async () => {
    recording = record()
    const boss = await bossOf(['notes'])
    await boss.work('notes', fast, async ([job]) => {
      logger.info('in the handler')
      await operation('index', 'index note', async () => expect(currentTenant()?.['tenant.id']).toBe('acme'))
      return { secret: `result of ${job?.id}` }
    })
    const id = await withTenant(tenantOf('acme'), () =>
      operation('write', 'write note', () => boss.send('notes', { secret: 'data' })),
    )
    const [process] = await recording.untilNamed('process notes', 1)
    const send = recording.one('send notes')
    const inner = recording.one('index note')
    console.log(recording.spans.map((s) => [s.name, s.kind, s.attributes, s.status, s.links]), recording.records.map((r) => [r.body, r.attributes]))
    void [context, SpanKind, SpanStatusCode, trace, currentAttributes, setTenant, exceptionsOf, linkReasonOf, recordsOf, tenantKey, tie, sql, id, process, send, inner]
    void (null as unknown as [ReadableSpan, Job])
  })

  it('fails', async () => {
    recording = record()
    const boss = await bossOf(['notes'], { queue: { retryLimit: 1, retryDelay: 0 } })
    await boss.work('notes', fast, async () => {
      throw new TypeError('no such note', { cause: new Error('deep') })
    })
    await withTenant(tenantOf('acme'), () => boss.send('notes', { secret: 'data' }))
    await recording.untilNamed('process notes', 2)
    await recording.flush()
    console.dir([recording.spans.map((s) => [s.name, s.kind, s.attributes, s.status, s.links, s.events]), recording.records.map((r) => [r.body, r.attributes, r.severityText])], {depth:6})
  })
})
