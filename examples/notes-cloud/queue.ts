// The queue of the system: pg-boss on the same Postgres, or BullMQ on Redis. The services do not know which.
import { logger } from 'signalbox'
import { required } from './settings.ts'

/** What each job needs to know. Whose job it is for telemetry travels beside it, by itself. */
export interface Jobs {
  readonly 'index-note': { readonly tenantId: string; readonly noteId: string }
  readonly 'deprovision-tenant': { readonly tenantId: string; readonly appName: string }
}

export type JobName = keyof Jobs
export type Handlers = { readonly [Name in JobName]: (data: Jobs[Name]) => Promise<void> }

export interface Queue {
  enqueue<Name extends JobName>(name: Name, data: Jobs[Name]): Promise<void>
  work(handlers: Handlers): Promise<void>
  close(): Promise<void>
}

const names = ['index-note', 'deprovision-tenant'] as const satisfies readonly JobName[]

/** Attempts of a job, and the pause between them. */
const attempts = 3
const retryDelayMs = 1_000

/** Jobs of one queue that a worker runs at the same time. */
const concurrency = 5

export function openQueue(): Promise<Queue> {
  return process.env['QUEUE'] === 'bullmq' ? openBullmq() : openPgBoss()
}

async function openPgBoss(): Promise<Queue> {
  const { PgBoss } = await import('pg-boss')
  const { pgBossTelemetry } = await import('signalbox/pg-boss')
  const boss = new PgBoss({ connectionString: required('DATABASE_URL'), openTelemetry: pgBossTelemetry() })
  boss.on('error', (error) => logger.error({ err: error }, 'the queue failed'))
  await boss.start()
  for (const name of names) {
    await boss.createQueue(name, { retryLimit: attempts - 1, retryDelay: retryDelayMs / 1_000 })
  }
  return {
    enqueue: async (name, data) => void (await boss.send(name, data)),
    work: async (handlers) => {
      for (const name of names) {
        await boss.work(
          name,
          { pollingIntervalSeconds: 0.5, batchSize: 1, localConcurrency: concurrency },
          async ([job]) => {
            if (job !== undefined) await handlers[name](job.data as never)
          },
        )
      }
    },
    close: () => boss.stop({ graceful: true, timeout: 3_000 }),
  }
}

async function openBullmq(): Promise<Queue> {
  const { Queue: BullQueue, Worker } = await import('bullmq')
  const { bullmqTelemetry } = await import('signalbox/bullmq')
  const connection = { url: required('REDIS_URL') }
  const telemetry = bullmqTelemetry()
  const defaultJobOptions = { attempts, backoff: { type: 'fixed', delay: retryDelayMs }, removeOnComplete: true }
  const queues = new Map(names.map((name) => [name, new BullQueue(name, { connection, telemetry, defaultJobOptions })]))
  const workers: { waitUntilReady(): Promise<unknown>; close(): Promise<void> }[] = []
  return {
    enqueue: async (name, data) => void (await queues.get(name)?.add(name, data)),
    work: async (handlers) => {
      for (const name of names) {
        const run = (job: { readonly data: unknown }): Promise<void> => handlers[name](job.data as never)
        const worker = new Worker(name, run, { connection, telemetry, concurrency })
        worker.on('error', (error) => logger.error({ err: error }, 'the queue failed'))
        workers.push(worker)
      }
      await Promise.all(workers.map((worker) => worker.waitUntilReady()))
    },
    close: async () => {
      await Promise.all([...workers, ...queues.values()].map((each) => each.close()))
    },
  }
}
