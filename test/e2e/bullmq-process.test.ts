import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectOneTracePerJob, producerAndWorker } from '../integrations/apps/queue-processes.ts'
import { startRedis } from '../support/redis.ts'

let redis: Awaited<ReturnType<typeof startRedis>>

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis?.stop())

it('carries trace and tenant from the process that sends a job to the one that works on it', async () => {
  const outcome = await producerAndWorker({ QUEUE: 'bullmq', REDIS_URL: redis.url })
  expectOneTracePerJob(outcome)
  const commands = outcome.sink.spans().filter(({ attributes }) => attributes['db.system.name'] === 'redis')
  expect(new Set(commands.map(({ resource }) => resource['service.name']))).toEqual(new Set(['producer', 'worker']))
})
