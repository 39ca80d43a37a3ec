// Sends one job for each of two tenants to the queue that QUEUE names, and ends.
import { operation, tenant, withTenant } from '../../../src/index.ts'

async function sender(): Promise<{ send(data: object): Promise<unknown>; close(): Promise<unknown> }> {
  if (process.env['QUEUE'] === 'bullmq') {
    const { Queue } = await import('bullmq')
    const { bullmqTelemetry } = await import('../../../src/integrations/bullmq.ts')
    const connection = { url: process.env['REDIS_URL'] ?? '' }
    const queue = new Queue('notes', { connection, telemetry: bullmqTelemetry() })
    return { send: (data) => queue.add('index', data, { attempts: 2 }), close: () => queue.close() }
  }
  const { PgBoss } = await import('pg-boss')
  const { pgBossTelemetry } = await import('../../../src/integrations/pg-boss.ts')
  const boss = new PgBoss({ connectionString: process.env['DATABASE_URL'] ?? '', openTelemetry: pgBossTelemetry() })
  boss.on('error', () => {})
  await boss.start()
  await boss.createQueue('notes', { retryLimit: 1, retryDelay: 0 })
  return { send: (data) => boss.send('notes', data), close: () => boss.stop({ graceful: false, close: true }) }
}

const queue = await sender()
for (const id of ['acme', 'bolt']) {
  await withTenant(tenant({ id, userId: `user of ${id}` }), () =>
    operation('write', `write note of ${id}`, () => queue.send({ fails: id === 'bolt' })),
  )
}
await queue.close()
