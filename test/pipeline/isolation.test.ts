import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { otlpHttp } from '../../src/backends/otlp-http.ts'
import type { Backend } from '../../src/backends/backend.ts'
import { diagnostics } from '../../src/diagnostics.ts'
import { type Answer, otlpSink, type OtlpSink } from '../support/otlp-sink.ts'
import { pendingOf, spanOf } from '../support/telemetry-items.ts'
import { heard, named, pipelineTo } from './support.ts'

async function sinkThat(answer: Answer): Promise<OtlpSink> {
  const sink = await otlpSink()
  sink.answer(answer)
  onTestFinished(() => sink.close())
  return sink
}

/** A port on which nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

const backendTo = (url: string): Backend =>
  otlpHttp({
    endpoints: { traces: `${url}/v1/traces`, logs: `${url}/v1/logs` },
    headers: {},
    timeoutMs: { traces: 150, logs: 150 },
    compression: {},
  })

const throwing: Backend = {
  deliver: () => {
    throw new TypeError('undefined is not a function')
  },
}

const names = Array.from({ length: 200 }, (_, index) => String(index))

it('a backend that hangs, refuses, answers 500 or throws harms nobody but its own data', async () => {
  const said = heard()
  const rejections: unknown[] = []
  const onRejection = (reason: unknown): void => void rejections.push(reason)
  process.on('unhandledRejection', onRejection)
  onTestFinished(() => void process.off('unhandledRejection', onRejection))
  const [healthy, hanging, broken] = await Promise.all([sinkThat(200), sinkThat('hang'), sinkThat(500)])
  const pipeline = pipelineTo(
    [
      named('hanging', backendTo(hanging.url), { timeoutMs: 150 }),
      named('refusing', backendTo(await deadUrl())),
      named('broken', backendTo(broken.url)),
      named('throwing', throwing),
      named('healthy', backendTo(healthy.url)),
    ],
    { random: Math.random, queue: { maxItems: 100, maxBytes: 10_000_000 } },
  )

  for (const name of names) {
    pipeline.pushSpan(spanOf(name))
    pipeline.pushLog(pendingOf(name, 9))
    const pushed = Number(name) + 1
    if (pushed % 10 !== 0) continue
    await healthy.waitFor(() => healthy.spans().length === pushed && healthy.logRecords().length === pushed, 5_000)
  }
  expect(healthy.spans().map(({ name }) => name)).toEqual(names)
  expect(healthy.logRecords().map(({ body }) => body)).toEqual(names)

  await hanging.waitFor(() => hanging.requests.length >= 2, 10_000)
  await broken.waitFor(() => broken.requests.length >= 2, 10_000)
  expect(await pipeline.flush(300)).toBe(false)
  const before = pipeline.status()
  for (const name of ['hanging', 'refusing', 'broken', 'throwing']) {
    const { traces, logs } = before[name] ?? {}
    for (const signal of [traces, logs]) {
      expect(signal).toMatchObject({ accepted: 200, delivered: 0 })
      const lost = Object.values(signal?.dropped ?? {}).reduce((sum, count) => sum + count, 0)
      expect((signal?.queued ?? 0) + lost).toBe(200)
    }
    expect(traces?.dropped['queue_full']).toBeGreaterThan(0)
  }
  expect(before['healthy']).toEqual({
    type: 'custom',
    state: 'idle',
    traces: { accepted: 200, delivered: 200, queued: 0, dropped: {} },
    logs: { accepted: 200, delivered: 200, queued: 0, dropped: {} },
  })
  expect(
    [before['hanging'], before['refusing'], before['broken'], before['throwing']].map((lane) => lane?.lastProblem),
  ).toMatchObject([
    { reason: 'timeout' },
    { reason: 'connection_refused' },
    { reason: 'http_500', message: 'Internal Server Error' },
    { reason: 'backend_error', message: 'undefined is not a function' },
  ])

  await pipeline.close(100)
  for (const { state, traces, logs } of Object.values(pipeline.status())) {
    expect([state, traces?.queued, logs?.queued]).toEqual(['closed', 0, 0])
  }
  expect(pipeline.status()['hanging']?.traces?.dropped['shutdown']).toBeGreaterThan(0)
  for (const name of ['hanging', 'refusing', 'broken', 'throwing']) {
    expect(said.filter((line) => new RegExp(`^backend "${name}"(?: .traces.)? is failing`).test(line))).toHaveLength(1)
  }
  expect(said.filter((line) => line.includes('healthy'))).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(rejections).toEqual([])
  expect(diagnostics.counters()).toEqual({})
})
