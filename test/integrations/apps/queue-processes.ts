// What must hold of a producer and a worker that are two processes, whatever the queue between them.
import { expect } from 'vitest'
import { otlpSink, type OtlpSink, type ReceivedSpan } from '../../support/otlp-sink.ts'
import { runApp } from '../../support/run-app.ts'

const PRODUCER = 4
const CONSUMER = 5
const serviceOf = ({ resource }: { readonly resource: Record<string, unknown> }): unknown => resource['service.name']

export interface Outcome {
  readonly sink: OtlpSink
  readonly attempts: readonly ReceivedSpan[]
}

/** Runs both processes; resolves once the worker has made its three attempts at the two jobs and has ended. */
export async function producerAndWorker(env: Readonly<Record<string, string>>): Promise<Outcome> {
  const sink = await otlpSink()
  const common = {
    ...env,
    TELEMETRY_BACKENDS: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    TELEMETRY_LOG_STDOUT: 'false',
    TELEMETRY_TENANT_KEY: 'one key for both of these processes that is long enough',
  }
  const worker = runApp('../../integrations/apps/queue-worker.ts', { env: { ...common, OTEL_SERVICE_NAME: 'worker' } })
  await worker.line(/^working$/)
  const producer = runApp('../../integrations/apps/queue-producer.ts', {
    env: { ...common, OTEL_SERVICE_NAME: 'producer' },
  })
  expect(await producer.ended).toMatchObject({ code: 0 })
  const attempts = (): ReceivedSpan[] => sink.spans().filter(({ kind }) => kind === CONSUMER)
  await sink.waitFor(() => attempts().length >= 3 && sink.logRecords().length >= 3)
  worker.kill('SIGTERM')
  expect(await worker.ended).toMatchObject({ code: 0 })
  await sink.close()
  return { sink, attempts: attempts() }
}

export function expectOneTracePerJob({ sink, attempts }: Outcome): void {
  const spans = sink.spans()
  const sends = spans.filter(({ kind }) => kind === PRODUCER)
  expect(sends.map((send) => [serviceOf(send), send.name, send.attributes['tenant.id']])).toEqual([
    ['producer', 'send notes', 'acme'],
    ['producer', 'send notes', 'bolt'],
  ])
  const attemptOf = (id: string, number: number): ReceivedSpan | undefined =>
    attempts.find(({ attributes }) => attributes['tenant.id'] === id && attributes['job.attempt'] === number)
  const [ofAcme, first, second] = [attemptOf('acme', 1), attemptOf('bolt', 1), attemptOf('bolt', 2)]
  expect([ofAcme?.parentSpanId, first?.parentSpanId, second?.parentSpanId]).toEqual([
    sends[0]?.spanId,
    sends[1]?.spanId,
    '',
  ])
  expect([ofAcme?.traceId, first?.traceId]).toEqual(sends.map(({ traceId }) => traceId))
  expect(second?.links.map(({ spanId }) => spanId)).toEqual([sends[1]?.spanId])
  expect([ofAcme, first, second].map((span) => span?.status.code)).toEqual([0, 2, 0])
  const lines = sink
    .logRecords()
    .map((line) => [line.body, line.spanId, line.attributes['tenant.id'], line.attributes['job.id']])
  const jobId = (span: ReceivedSpan | undefined): unknown => span?.attributes['job.id']
  expect(lines).toContainEqual(['note indexed', ofAcme?.spanId, 'acme', jobId(ofAcme)])
  expect(lines).toContainEqual(['note indexed', second?.spanId, 'bolt', jobId(second)])
  expect(lines).toContainEqual([expect.stringContaining('job failed'), first?.spanId, 'bolt', jobId(first)])
  expect(new Set(attempts.map(serviceOf))).toEqual(new Set(['worker']))
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name)
  // Polling is not recorded: neither by the queue nor by the instrumentation of its store.
  expect(roots.sort()).toEqual(['process notes', 'write note of acme', 'write note of bolt'])
}
