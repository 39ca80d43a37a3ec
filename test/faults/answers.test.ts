import { expect, it } from 'vitest'
import { encodePartialSuccess } from '../support/otlp-decode.ts'
import type { Verdict } from './contracts.ts'
import type { Fault } from './receiver.ts'
import { Scene, type SceneOptions, until } from './scene.ts'
import type { Signal } from './wire.ts'

const always = (verdict: Partial<Verdict>): Fault => ({ kind: 'answer', verdict: () => verdict })

/** Sends 500 of each while the fault lasts, waits for the sign of it, mends it, and waits until all has arrived. */
async function mended(
  options: SceneOptions,
  fault: Fault,
  isSeen: (scene: Scene, reason: string | undefined, state: string | undefined) => boolean,
  isHurried = false,
): Promise<Scene> {
  const scene = await Scene.open(options)
  scene.faulty.fault = fault
  const app = await scene.app()
  await app.make(0, 500)
  await until(async () => {
    const status = (await app.status()).backends[scene.name]
    return isSeen(scene, status?.lastProblem?.reason, status?.state)
  })
  scene.faulty.fault = undefined
  if (isHurried) expect(await app.flush(20_000)).toBe(true)
  await app.settled()
  await scene.book(app)
  await app.end()
  return scene
}

it.each([500, 502, 503, 504])('8 answers %i', async (status) => {
  const scene = await mended(
    {},
    always({ status, body: '<html><title>Bad Gateway</title></html>' }),
    (_, reason) => reason === `http_${status}`,
  )
  expect(scene.conclude(`8 answers ${status}`)).toEqual([])
})

it.each([
  ['without Retry-After', {}, false],
  ['Retry-After: 1', { 'retry-after': '1' }, false],
  ['Retry-After: 3600, and a flush', { 'retry-after': '3600' }, true],
  ['Retry-After: a date in two seconds', 'date', false],
  ['Retry-After: soon (garbage)', { 'retry-after': 'soon' }, false],
] as const)('9 answers 429, %s', async (name, headers, isHurried) => {
  const dated = (): Record<string, string> => ({ 'retry-after': new Date(Date.now() + 2_000).toUTCString() })
  const fault: Fault = {
    kind: 'answer',
    verdict: () => ({ status: 429, headers: headers === 'date' ? dated() : headers }),
  }
  const scene = await mended({}, fault, (_, reason) => reason === 'http_429', isHurried)
  expect(scene.conclude(`9 answers 429, ${name}`)).toEqual([])
})

it('10 answers 408', async () => {
  const scene = await mended({}, always({ status: 408 }), (_, reason) => reason === 'http_408')
  expect(scene.conclude('10 answers 408')).toEqual([])
})

it.each([
  ['413', 'otlp', { status: 413 }],
  [
    "Tempo's 429 for what is too large",
    'grafana',
    { status: 429, body: 'grpc: received message larger than max (15728641 vs. 15728640)' },
  ],
] as const)('10 %s to more than 7 at once', async (name, type, verdict) => {
  const scene = await Scene.open({ type })
  scene.faulty.fault = { kind: 'answer', verdict: (names) => (names.length > 7 ? verdict : undefined) }
  const app = await scene.app()
  await app.make(0, 500)
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude(`10 ${name} to more than 7 at once: taken apart`)).toEqual([])
})

it.each(['otlp', 'grafana', 'logfire'] as const)('11 one item that spoils its request, at %s', async (type) => {
  const scene = await Scene.open({ type })
  const isPoison = (names: readonly string[]): boolean => names.includes('s123') || names.includes('l321')
  scene.faulty.fault = {
    kind: 'answer',
    verdict: (names) => (isPoison(names) ? { status: 400, body: 'invalid: one of them' } : undefined),
  }
  const app = await scene.app()
  await app.make(0, 500)
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(
    scene.conclude(`11 400 for one span and one record (${type}): found, the others arrive`, {
      lost: 2,
      dropped: { http_400: 2 },
    }),
  ).toEqual([])
  expect(scene.faulty.stored('traces').has('s123')).toBe(false)
  expect(scene.faulty.stored('logs').has('l321')).toBe(false)
})

it('8 one item at which it always fails', async () => {
  const scene = await Scene.open()
  scene.faulty.fault = {
    kind: 'answer',
    verdict: (names) =>
      names.includes('s123') || names.includes('l321') ? { status: 500, body: 'panic: nil' } : undefined,
  }
  const app = await scene.app()
  await app.make(0, 500)
  let made = 500
  await until(async () => {
    await app.make(made, 10)
    made += 10
    await app.flush(200)
    const { traces, logs } = (await app.status()).backends['faulty'] ?? {}
    return [traces, logs].every((each) => (each?.queued ?? 0) + (each?.spooled ?? 0) === 1)
  })
  expect([scene.faulty.stored('traces').size, scene.faulty.stored('logs').size]).toEqual([made - 1, made - 1])
  scene.faulty.fault = undefined
  await app.flush(5_000)
  await app.settled()
  await scene.book(app)
  await app.end()
  const name = '8 500 for whatever has one span or one record in it: the others arrive at once, those when it is mended'
  expect(scene.conclude(name)).toEqual([])
})

const unauthorized = { status: 'error', error: 'authentication error: invalid scope requested' }

it.each([
  [401, 'grafana', JSON.stringify(unauthorized)],
  [403, 'otlp', 'forbidden'],
  [404, 'grafana', '404 page not found'],
  [402, 'logfire', '{"detail":"Token has been blocked due usage limit"}'],
] as const)('12 answers %i until it is mended (%s)', async (status, type, body) => {
  const seen = (_: Scene, reason?: string, state?: string): boolean =>
    reason === `http_${status}` && state === 'blocked'
  const scene = await mended({ type }, always({ status, body }), seen, true)
  expect(scene.conclude(`12 answers ${status} (${type}) until it is mended: held, then all at once`)).toEqual([])
})

it('13 a partial success', async () => {
  const scene = await Scene.open()
  const rejected: Record<Signal, Set<string>> = { traces: new Set(), logs: new Set() }
  scene.faulty.fault = {
    kind: 'answer',
    verdict: (names, signal) => {
      const some = names.filter((name) => name.endsWith('00'))
      if (some.length === 0) return undefined
      for (const name of some) rejected[signal].add(name)
      const stored = names
        .filter((name) => !some.includes(name))
        .map((name) => ({ name, time: 0n, traceId: '', spanId: '', attributes: 0, keys: [] }))
      return {
        status: 200,
        headers: { 'content-type': 'application/x-protobuf' },
        stored,
        body: encodePartialSuccess(signal, some.length, 'not these'),
      }
    },
  }
  const app = await scene.app()
  await app.make(0, 500)
  await app.settled()
  await scene.book(app)
  await app.end()
  // s100 … s400, and s0 has one zero only.
  expect(
    scene.conclude('13 a partial success: what it names is counted, and not sent again', {
      lost: 8,
      dropped: { partial_success: 8 },
    }),
  ).toEqual([])
  expect([...rejected.traces, ...rejected.logs].toSorted()).toEqual([
    'l100',
    'l200',
    'l300',
    'l400',
    's100',
    's200',
    's300',
    's400',
  ])
})

it.each([
  ['garbage', Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 151) % 256))],
  ['5 MB', Buffer.alloc(5_000_000, 'x')],
] as const)('14 answers 200 with %s', async (name, body) => {
  const scene = await Scene.open()
  scene.faulty.fault = { kind: 'stored', body }
  const app = await scene.app()
  await app.make(0, 500)
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude(`14 answers 200 with ${name}`)).toEqual([])
})

it('14 answers 200 with a page of HTML, as a proxy that wants a login', async () => {
  const scene = await mended(
    {},
    always({ status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Sign in</title>' }),
    (_, reason, state) => reason === 'http_200' && state === 'blocked',
    true,
  )
  expect(scene.conclude('14 answers 200 with a page of HTML until it is mended: held, then all at once')).toEqual([])
})

it('14 answers 260, as Loki where ingestion is blocked', async () => {
  const scene = await Scene.open({ type: 'grafana' })
  scene.faulty.fault = {
    kind: 'answer',
    verdict: (_, signal) => (signal === 'logs' ? { status: 260, body: 'blocked' } : undefined),
  }
  const app = await scene.app()
  await app.make(0, 500)
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(
    scene.conclude('14 answers 260 for logs: by contract they are gone', { lost: 500, dropped: { http_260: 500 } }),
  ).toEqual([])
})
