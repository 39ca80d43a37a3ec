// What a job carries beside its data, read from and written to the store by somebody who can reach it.
import { Queue } from 'bullmq'
import pg from 'pg'
import type { RunningSystem } from './running-system.ts'

export interface Store {
  /** The envelope of the job of a note, as text. */
  envelopeOf(noteId: string): Promise<string>
  /** Puts a job with this envelope into the queue; resolves with its id. */
  forge(data: object, envelope: string): Promise<string>
  close(): Promise<void>
}

const queueName = 'index-note'

export function storeOf(queue: 'pg-boss' | 'bullmq', { system, redisUrl }: RunningSystem): Store {
  return queue === 'bullmq' ? redisStore(redisUrl) : postgresStore(system.databaseUrl)
}

function redisStore(url: string): Store {
  const queue = new Queue(queueName, { connection: { url } })
  return {
    envelopeOf: async (noteId) => {
      const jobs = await queue.getJobs(['failed', 'delayed', 'active', 'waiting'])
      const job = jobs.find(({ data }) => (data as { noteId?: string }).noteId === noteId)
      return String(job?.opts.telemetry?.metadata)
    },
    forge: async (data, envelope) => {
      const { id } = await queue.add(queueName, data, { telemetry: { metadata: envelope } })
      return String(id)
    },
    close: () => queue.close(),
  }
}

function postgresStore(connectionString: string): Store {
  const pool = new pg.Pool({ connectionString, max: 1 })
  return {
    envelopeOf: async (noteId) => {
      const sql = `select trace_context::text as envelope from pgboss.job where name = $1 and data->>'noteId' = $2`
      const { rows } = await pool.query<{ envelope: string }>(sql, [queueName, noteId])
      return String(rows[0]?.envelope)
    },
    forge: async (data, envelope) => {
      const sql = `insert into pgboss.job (name, data, trace_context, retry_limit) values ($1, $2, $3, 0) returning id`
      const { rows } = await pool.query<{ id: string }>(sql, [queueName, data, envelope])
      return String(rows[0]?.id)
    },
    close: () => pool.end(),
  }
}
