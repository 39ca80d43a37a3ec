import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPostgres } from '../support/postgres.ts'
import { expectOneTracePerJob, producerAndWorker } from './apps/queue-processes.ts'

let postgres: Awaited<ReturnType<typeof startPostgres>>

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(() => postgres?.stop())

it('carries trace and tenant from the process that sends a job to the one that works on it', async () => {
  const outcome = await producerAndWorker({ QUEUE: 'pg-boss', DATABASE_URL: postgres.url })
  expectOneTracePerJob(outcome)
  const queries = outcome.sink.spans().filter(({ attributes }) => attributes['db.system.name'] === 'postgresql')
  expect(new Set(queries.map(({ resource }) => resource['service.name']))).toEqual(new Set(['producer', 'worker']))
})
