import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Fault } from './receiver.ts'
import { Scene, until } from './scene.ts'

const down: Fault = { kind: 'answer', verdict: () => ({ status: 503 }) }

const segmentsIn = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.seg'))
    .map((name) => join(dir, name))

/** A file system of half a megabyte; false where this user may not make one. */
function mountSmall(path: string, ...options: string[]): boolean {
  mkdirSync(path, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', ['size=512k,mode=700', ...options].join(','), 'tmpfs', path], {
      stdio: 'ignore',
    })
  } catch {
    return false
  }
  onTestFinished(() => void execFileSync('umount', ['-l', path]))
  return true
}

it('18 a disk that is full', async ({ skip }) => {
  const scene = await Scene.open()
  const path = join(scene.dir, 'small')
  if (!mountSmall(path)) skip('this user may not mount')
  scene.faulty.fault = down
  const app = await scene.app({ TELEMETRY_SPOOL_DIR: path })
  await app.make(0, 20_000)
  await until(async () => ((await app.status()).counters['spool_errors'] ?? 0) > 0)
  scene.faulty.fault = undefined
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude('18 a disk that is full: what it does not take is held in memory')).toEqual([])
})

it('18 a disk that is read-only', async ({ skip }) => {
  const scene = await Scene.open()
  const path = join(scene.dir, 'read-only')
  if (!mountSmall(path, 'ro')) skip('this user may not mount')
  scene.faulty.fault = down
  const app = await scene.app({ TELEMETRY_SPOOL_DIR: path })
  await app.make(0, 1_000)
  await until(async () => ((await app.status()).counters['spool_errors'] ?? 0) > 0)
  scene.faulty.fault = undefined
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude('18 a disk that is read-only: everything is held in memory')).toEqual([])
})

it('18 a spool at its limit, before a black hole', async () => {
  const scene = await Scene.open({ env: { TELEMETRY_SPOOL_MAX_BYTES: '1MB', TELEMETRY_FAULTY_TIMEOUT: '1s' } })
  scene.faulty.fault = { kind: 'silence' }
  const app = await scene.app()
  const droppedSoFar = async (): Promise<number> => {
    const { traces, logs } = (await app.status()).backends['faulty'] ?? {}
    return (traces?.dropped['spool_full'] ?? 0) + (logs?.dropped['spool_full'] ?? 0)
  }
  let made = 0
  await until(async () => {
    await app.make(made, 5_000)
    made += 5_000
    return (await droppedSoFar()) > 10_000
  })
  scene.faulty.fault = undefined
  await app.settled()
  const dropped = await droppedSoFar()
  await scene.book(app)
  await app.end()
  expect(
    scene.conclude('18 a spool at its limit of 1 MB, before a black hole: the oldest goes, the rest arrives', {
      lost: dropped,
      dropped: { spool_full: dropped },
      duplicates: 'possible',
    }),
  ).toEqual([])
})

it('18 a folder that is open to others', async () => {
  const scene = await Scene.open()
  scene.faulty.fault = down
  const path = join(scene.dir, 'open')
  mkdirSync(join(path, 'development.faults', 'otlp.faulty', 'traces'), { recursive: true })
  chmodSync(join(path, 'development.faults', 'otlp.faulty', 'traces'), 0o755)
  const app = await scene.app({ TELEMETRY_SPOOL_DIR: path })
  await app.make(0, 1_000)
  await until(async () => (await app.status()).backends['faulty']?.state === 'waiting')
  expect(app.stderr.join('')).toMatch(
    /the spool of backend "faulty" \(traces\) cannot be used \(.* is open to other users/,
  )
  scene.faulty.fault = undefined
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude('18 a folder that is open to others: everything is held in memory')).toEqual([])
})

it.each([
  [
    'a byte that was changed in the middle',
    (bytes: Buffer) =>
      bytes.fill(bytes[(bytes.length / 2) | 0]! ^ 0xff, (bytes.length / 2) | 0, ((bytes.length / 2) | 0) + 1),
  ],
  ['an end that was torn off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 20)],
] as const)('18 a file with %s', async (name, damage) => {
  const scene = await Scene.open()
  scene.faulty.fault = down
  const first = await scene.app()
  await first.make(0, 500)
  await until(async () => (await first.status()).backends['faulty']?.state === 'waiting')
  await scene.book(first)
  await first.end()
  const files = segmentsIn(join(scene.dir, 'spool')).filter((path) => path.includes('traces'))
  const largest = files.toSorted((one, other) => readFileSync(other).length - readFileSync(one).length)[0] as string
  writeFileSync(largest, damage(readFileSync(largest)))
  scene.faulty.fault = undefined
  const next = await scene.app()
  await until(async () => (await next.status()).counters['spool_frames_damaged'] === 1)
  await next.settled()
  await scene.book(next)
  await next.end()
  expect(
    scene.conclude(`18 a file with ${name}: the one request in it is counted as spool_frames_damaged`, { lost: 50 }),
  ).toEqual([])
})

it('19 kill -9 with always: at most the open batch is lost', async () => {
  const scene = await Scene.open({ env: { TELEMETRY_SPOOL: 'always', TELEMETRY_BATCH_MAX_AGE: '60s' } })
  scene.faulty.fault = { kind: 'silence' }
  const app = await scene.app()
  // Nine closed batches of 50 each, and an open one of 30.
  await app.make(0, 480)
  await until(async () => {
    const { traces, logs } = (await app.status()).backends['faulty'] ?? {}
    return traces?.spooled === 450 && logs?.spooled === 450
  })
  await until(() => scene.healthy.stored('traces').size === 450 && scene.healthy.stored('logs').size === 450)
  await scene.book(app)
  app.kill('SIGKILL')
  await app.ended
  scene.faulty.fault = undefined
  const next = await scene.app()
  await next.settled()
  await scene.book(next)
  await next.end()
  expect(
    scene.conclude('19 kill -9 with `always`: 30 of each were in the open batch', {
      lost: 60,
      otherLost: 60,
      otherTwice: 400,
    }),
  ).toEqual([])
})

it('19 kill -9 with on-failure', async () => {
  const scene = await Scene.open({ env: { TELEMETRY_BATCH_MAX_AGE: '60s' } })
  scene.faulty.fault = down
  const app = await scene.app()
  await app.make(0, 480)
  await until(async () => {
    const { traces, logs } = (await app.status()).backends['faulty'] ?? {}
    return (traces?.spooled ?? 0) >= 400 && (logs?.spooled ?? 0) >= 400 && traces?.queued === 30 && logs?.queued === 30
  })
  await scene.book(app)
  app.kill('SIGKILL')
  await app.ended
  scene.faulty.fault = undefined
  const next = await scene.app()
  await next.settled()
  await scene.book(next)
  await next.end()
  expect(
    scene.conclude('19 kill -9 with `on-failure` while the backend is down: 30 of each were in the open batch', {
      lost: 60,
      otherLost: 60,
    }),
  ).toEqual([])
})
