import { expect, it, onTestFinished } from 'vitest'
import { type Call, calls } from '../../examples/notes-cloud/traffic.ts'
import type { ReceivedSpan } from '../support/otlp-sink.ts'
import { receivedBy, serviceOf } from './support/received.ts'
import { runSystem } from './support/running-system.ts'

const script = ['provision', 'writeNote', 'search', 'count', 'changePlan', 'provisionWhereFull'] as const

/** What is the same of a span in every run. */
const shapeOf = (span: ReceivedSpan): string => `${serviceOf(span)} ${span.kind} ${span.name} ${span.scope.name}`
const counted = (shapes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const shape of [...shapes].sort()) counts[shape] = (counts[shape] ?? 0) + 1
  return counts
}

/** The spans that the same calls leave at each backend. */
async function spansAt(backends: string, names: readonly string[]): Promise<ReceivedSpan[][]> {
  const running = await runSystem({ queue: 'pg-boss', backends })
  let stopped = false
  onTestFinished(() => (stopped ? undefined : running.stop()))
  const requestIds: string[] = []
  for (const name of script) requestIds.push(...(await running.acme.call(calls[name] as Call)).requestIds)
  await running.until(() => running.received.spans().some(({ name }) => name === 'process index-note'))
  await running.stop()
  stopped = true
  return names.map((name) => {
    const received = receivedBy(running.sink, name)
    const traces = new Set(received.tracesOf(requestIds))
    return received.spans().filter(({ traceId }) => traces.has(traceId))
  })
}

it('9 sends the same spans to every backend named, and to one alone', async () => {
  const [grafana = [], logfire = []] = await spansAt('grafana,logfire,console', ['grafana', 'logfire'])
  const [alone = []] = await spansAt('logfire', ['logfire'])
  expect(grafana.length).toBeGreaterThan(40)
  const idOf = ({ traceId, spanId }: ReceivedSpan): string => `${traceId}/${spanId}`
  expect(logfire.map(idOf).sort()).toEqual(grafana.map(idOf).sort())
  expect(counted(logfire.map(shapeOf))).toEqual(counted(grafana.map(shapeOf)))
  // Whether a connection of the pool was free at that moment is no matter of backends.
  const worked = (spans: readonly ReceivedSpan[]): string[] =>
    spans.filter(({ name }) => name !== 'pg-pool.connect').map(shapeOf)
  expect(counted(worked(alone))).toEqual(counted(worked(grafana)))
})
