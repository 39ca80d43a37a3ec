// Works on the queue that QUEUE names until SIGTERM. A job whose data says so fails at its first attempt.
import { logger } from '../../../src/index.ts'

const failed = new Set<string>()

async function index(id: string, { fails }: { readonly fails?: boolean }): Promise<void> {
  await Promise.resolve()
  if (fails === true && !failed.has(id)) {
    failed.add(id)
    throw new Error('the index was busy')
  }
  logger.info('note indexed')
}

async function work(): Promise<() => Promise<unknown>> {
  if (process.env['QUEUE'] === 'bullmq') {
    const { Worker } = await import('bullmq')
    const { bullmqTelemetry } = await import('../../../src/integrations/bullmq.ts')
    const connection = { url: process.env['REDIS_URL'] ?? '' }
    const telemetry = bullmqTelemetry()
    const worker = new Worker('notes', (job) => index(job.id ?? '', job.data as object), { connection, telemetry })
    await worker.waitUntilReady()
    return () => worker.close()
  }
  const { PgBoss } = await import('pg-boss')
  const { pgBossTelemetry } = await import('../../../src/integrations/pg-boss.ts')
  const boss = new PgBoss({ connectionString: process.env['DATABASE_URL'] ?? '', openTelemetry: pgBossTelemetry() })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue('notes', { retryLimit: 1, retryDelay: 0 })
  await boss.work('notes', { pollingIntervalSeconds: 0.5 }, async ([job]) => {
    if (job !== undefined) await index(job.id, job.data as object)
  })
  return () => boss.stop({ graceful: false, close: true })
}

const close = await work()
process.once('SIGTERM', () => void close())
process.stdout.write('working\n')
