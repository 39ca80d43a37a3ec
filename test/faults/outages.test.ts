import { expect, it } from 'vitest'
import { type App, Scene, until } from './scene.ts'

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576).toLocaleString('en')} MiB`

/** The spool as most have it, with batches as most have them. */
const usual = { TELEMETRY_BATCH_MAX_ITEMS: '512', TELEMETRY_BATCH_MAX_AGE: '1s', TELEMETRY_SHUTDOWN_TIMEOUT: '20s' }

it('15 an outage of ten minutes at 1,000 spans a second', async () => {
  const scene = await Scene.open({ env: usual })
  await scene.faulty.close()
  const app = await scene.app()
  await app.make(0, 1_000, { signals: 'traces' })
  await app.flush(50)
  const { peakBytes: before } = await app.status()
  await app.make(1_000, 599_000, { signals: 'traces', perSecond: 30_000 })
  const { backends, peakBytes } = await app.status()
  const { queued = 0, spooled = 0 } = backends['faulty']?.traces ?? {}
  expect(queued + spooled).toBe(600_000)
  expect(peakBytes - before).toBeLessThan(200 * 1_048_576)
  await scene.faulty.open()
  await app.settled(90_000)
  await scene.book(app)
  await app.end()
  expect(
    scene.conclude('15 an outage of ten minutes at 1,000 spans/s (the spans of it in 20 s)', {
      note: `resident memory grew by ${megabytes(peakBytes - before)}`,
    }),
  ).toEqual([])
})

it('16 down at the start', async () => {
  const scene = await Scene.open()
  await scene.faulty.close()
  const app = await scene.app()
  await app.make(0, 500)
  await until(async () => (await app.status()).backends['faulty']?.state === 'waiting')
  await scene.faulty.open()
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude('16 down at the start')).toEqual([])
})

it('17 up only after a restart of the application', async () => {
  const scene = await Scene.open()
  await scene.faulty.close()
  for (const [from, end] of [
    [0, 'stop'],
    [300, 'end'],
    [600, 'stop'],
  ] as const) {
    const app = await scene.app()
    await app.make(from, 300)
    if (end === 'stop') await app.tell({ do: 'stop', ms: 300 })
    await scene.book(app)
    await app.end()
  }
  await scene.faulty.open()
  const last = await scene.app()
  await last.make(900, 100)
  await last.settled()
  await scene.book(last)
  await last.end()
  expect(scene.conclude('17 up only after three restarts of the application')).toEqual([])
})

it('17 down for hours, at Loki: the oldest first', async () => {
  const scene = await Scene.open({ type: 'grafana' })
  await scene.faulty.close()
  const app = await scene.app()
  await app.make(0, 300)
  await until(async () => (await app.status()).backends['grafana']?.state === 'waiting')
  // Records of two hours later, in the same stream: what is older by an hour than the newest of its stream is refused.
  await app.tell({ do: 'clock', byMs: 2 * 3_600_000 })
  await app.make(300, 300)
  await app.flush(50)
  await scene.faulty.open()
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(
    scene.conclude('17 down for two hours, at Loki, which refuses what is an hour behind: the oldest goes first'),
  ).toEqual([])
})

it.each(['SIGTERM', 'SIGINT'] as const)('20 %s during a retry', async (signal) => {
  const scene = await Scene.open()
  scene.faulty.fault = { kind: 'answer', verdict: () => ({ status: 503 }) }
  const app = await scene.app()
  await app.make(0, 500)
  await until(async () => (await app.status()).backends['faulty']?.state === 'waiting')
  await scene.book(app)
  app.kill(signal)
  expect(await app.ended).toEqual({ code: null, signal })
  await deliverRest(scene)
  expect(scene.conclude(`20 ${signal} during a retry`)).toEqual([])
})

it('21 an uncaught exception with a full queue', async () => {
  const scene = await Scene.open({ env: { TELEMETRY_QUEUE_MAX_ITEMS: '1000' } })
  scene.faulty.fault = { kind: 'silence' }
  const app = await scene.app()
  await app.make(0, 3_000)
  await app.status()
  await app.tell({ do: 'throw' })
  expect(await app.ended).toMatchObject({ code: 1 })
  await deliverRest(scene)
  // Up to four requests of 50 for each signal were under way, to both: their answers were lost with the process. One more may
  // have been delivered while it was being written.
  expect(
    scene.conclude('21 an uncaught exception with a full queue', { duplicates: 'possible', otherTwice: 500 }),
  ).toEqual([])
})

it('22 two processes, one folder', async () => {
  const scene = await Scene.open()
  scene.faulty.fault = { kind: 'answer', verdict: () => ({ status: 503 }) }
  const [one, other, killed] = await Promise.all([scene.app(), scene.app(), scene.app()])
  await Promise.all([one.make(0, 500), other.make(500, 500), killed.make(1_000, 500)])
  for (const app of [one, other, killed]) {
    await until(async () => (await app.status()).backends['faulty']?.traces?.queued === 0, 10_000)
    await until(async () => (await app.status()).backends['faulty']?.logs?.queued === 0, 10_000)
  }
  killed.kill('SIGKILL')
  await killed.ended
  await scene.book(one)
  await one.end()
  scene.faulty.fault = undefined
  await other.settled()
  await scene.book(other)
  await other.end()
  await deliverRest(scene)
  expect(scene.conclude('22 three processes with one folder: one goes on, one ends, one is killed')).toEqual([])
})

it.each([
  ['forward by two days', 48 * 3_600_000],
  ['back by two days', -48 * 3_600_000],
] as const)('23 the clock jumps %s', async (name, byMs) => {
  const scene = await Scene.open()
  scene.faulty.fault = { kind: 'answer', verdict: () => ({ status: 429, headers: { 'retry-after': '1' } }) }
  const app = await scene.app()
  await app.make(0, 300)
  await until(async () => (await app.status()).backends['faulty']?.state === 'waiting')
  await app.tell({ do: 'clock', byMs })
  await app.make(300, 300)
  await app.flush(50)
  scene.faulty.fault = undefined
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude(`23 the clock jumps ${name} during an outage`)).toEqual([])
})

it('25 a flood of 50,000 spans a second for ten seconds, with one slow backend', async () => {
  const scene = await Scene.open({ env: { ...usual, TELEMETRY_FAULTY_TIMEOUT: '10s' } })
  scene.faulty.fault = { kind: 'late', ms: 1_000 }
  const app = await scene.app()
  await app.make(0, 512, { signals: 'traces' })
  const { peakBytes: before } = await app.status()
  const startedAt = performance.now()
  await app.make(512, 499_488, { signals: 'traces', perSecond: 50_000 })
  const seconds = (performance.now() - startedAt) / 1_000
  const { peakBytes } = await app.status()
  expect(peakBytes - before).toBeLessThan(400 * 1_048_576)
  scene.faulty.fault = undefined
  await app.settled(90_000)
  await scene.book(app)
  await app.end()
  expect(
    scene.conclude('25 a flood of 500,000 spans with one slow backend', {
      note: `in ${seconds.toFixed(1)} s; resident memory grew by ${megabytes(peakBytes - before)}`,
    }),
  ).toEqual([])
})

/** Mends the backend and lets one more process deliver what those before it have left. */
async function deliverRest(scene: Scene): Promise<void> {
  scene.faulty.fault = undefined
  const next: App = await scene.app()
  await next.settled()
  await scene.book(next)
  await next.end()
}
