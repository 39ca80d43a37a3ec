import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { otlpContract } from './contracts.ts'
import { type Fault, Receiver } from './receiver.ts'
import { Scene, until } from './scene.ts'

it('1 connection refused', async () => {
  const scene = await Scene.open()
  await scene.faulty.close()
  const app = await scene.app()
  await app.make(0, 300)
  await until(async () => (await app.status()).backends['faulty']?.lastProblem?.reason === 'connection_refused')
  await app.make(300, 200)
  await scene.faulty.open()
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude('1 connection refused, mended by itself')).toEqual([])
})

const cut: readonly (readonly [string, Fault, string, { duplicates?: 'some' }])[] = [
  ['2 black hole: requests are never answered', { kind: 'silence' }, 'timeout', {}],
  ['3 reset in the middle of the request', { kind: 'cut', after: 'head' }, 'connection_reset', {}],
  [
    '4 reset before the answer, after storing',
    { kind: 'cut', after: 'storing' },
    'connection_reset',
    { duplicates: 'some' },
  ],
]

it.each(cut)('%s', async (name, fault, reason, expected) => {
  const scene = await Scene.open()
  scene.faulty.fault = fault
  const app = await scene.app()
  await app.make(0, 500)
  await until(async () => (await app.status()).backends['faulty']?.lastProblem?.reason === reason)
  scene.faulty.fault = undefined
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude(name, expected)).toEqual([])
})

it('5 an answer that drips and never ends', async () => {
  const scene = await Scene.open()
  scene.faulty.fault = { kind: 'drip' }
  const app = await scene.app()
  await app.make(0, 500)
  await until(() => scene.faulty.requests > 3)
  scene.faulty.fault = undefined
  await app.settled()
  await scene.book(app)
  await app.end()
  expect(scene.conclude('5 an answer that drips and never ends: its status counts')).toEqual([])
})

it('6 a certificate that is not trusted', async () => {
  const scene = await Scene.open()
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(scene.dir, name)) as [string, string]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert, ...subject],
    { stdio: 'ignore' },
  )
  const secure = await new Receiver(otlpContract(), { key: readFileSync(key), cert: readFileSync(cert) }).open()
  const env = { TELEMETRY_FAULTY_ENDPOINT: secure.url }
  const app = await scene.app(env)
  await app.make(0, 500)
  await until(async () => (await app.status()).backends['faulty']?.lastProblem?.reason === 'tls_error')
  await scene.book(app)
  await app.end()
  const next = await scene.app({ ...env, TELEMETRY_FAULTY_CERTIFICATE: cert })
  await next.settled()
  await scene.book(next)
  await next.end()
  for (const signal of ['traces', 'logs'] as const) {
    for (const [name, times] of secure.stored(signal))
      (scene.faulty.stored(signal) as Map<string, number>).set(name, times)
  }
  await secure.close()
  expect(secure.stored('traces').size).toBe(500)
  expect(scene.conclude('6 a certificate that is not trusted, until the next start trusts it')).toEqual([])
})

it('7 a name that does not resolve', async () => {
  const scene = await Scene.open()
  const app = await scene.app({ TELEMETRY_FAULTY_ENDPOINT: 'http://no-such-host.invalid:4318' })
  await app.make(0, 500)
  await until(async () => (await app.status()).backends['faulty']?.lastProblem?.reason === 'dns_error')
  await scene.book(app)
  await app.end()
  const next = await scene.app()
  await next.settled()
  await scene.book(next)
  await next.end()
  expect(scene.conclude('7 a name that does not resolve, until the next start has another')).toEqual([])
})
