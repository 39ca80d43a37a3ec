// pg-boss on a PostgreSQL of its own, with telemetry, for the tests of signalbox/pg-boss.
import pg from 'pg'
import { type ConstructorOptions, PgBoss, type Queue } from 'pg-boss'
import { pgBossTelemetry, type PgBossTelemetryOptions } from '../../../src/integrations/pg-boss.ts'
import { startPostgres } from '../../support/postgres.ts'

export interface BossOptions extends ConstructorOptions {
  readonly telemetry?: PgBossTelemetryOptions
  /** Options of the queues that are made. */
  readonly queue?: Partial<Queue>
}

export interface Bosses {
  readonly url: string
  /** A started pg-boss with these queues, empty. */
  start(queues: readonly string[], options?: BossOptions): Promise<PgBoss>
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  stopAll(): Promise<void>
  close(): Promise<void>
}

/** Polls as often as pg-boss lets it. */
export const fast = { pollingIntervalSeconds: 0.5 }

export async function bosses(): Promise<Bosses> {
  const postgres = await startPostgres()
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 })
  const started: PgBoss[] = []
  const stopAll = async (): Promise<void> => {
    await Promise.all(started.splice(0).map((boss) => boss.stop({ graceful: false, close: true })))
  }
  return {
    url: postgres.url,
    start: async (queues, { telemetry, queue, ...options } = {}) => {
      const boss = new PgBoss({
        connectionString: postgres.url,
        schedule: false,
        supervise: false,
        openTelemetry: pgBossTelemetry(telemetry),
        ...options,
      })
      started.push(boss)
      boss.on('error', () => {})
      await boss.start()
      for (const name of queues) {
        await boss.deleteQueue(name)
        await boss.createQueue(name, queue)
      }
      return boss
    },
    sql: async (text, values) => (await pool.query(text, values)).rows,
    stopAll,
    close: async () => {
      await stopAll()
      await pool.end()
      await postgres.stop()
    },
  }
}
