import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

async function sinkAndEnv(): Promise<{ sink: Awaited<ReturnType<typeof otlpSink>>; env: Record<string, string> }> {
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  return { sink, env: { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.url } }
}

/** A server that takes connections and never answers. */
async function blackHole(): Promise<string> {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Two backends, one of which takes connections and never answers, and half a second to stop. */
async function sinkAndDeadBackend(): ReturnType<typeof sinkAndEnv> {
  const { sink, env } = await sinkAndEnv()
  const dead = { TELEMETRY_BACKENDS: 'otlp,otlp:dead', TELEMETRY_DEAD_ENDPOINT: await blackHole() }
  return { sink, env: { ...env, ...dead, TELEMETRY_SHUTDOWN_TIMEOUT: '500ms' } }
}

const numbered = Array.from({ length: 100 }, (_, index) => `span ${index}`)

describe('a process that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'delivers everything and dies of %s when it has no handler',
    async (signal) => {
      const { sink, env } = await sinkAndEnv()
      const app = runApp('server.ts', { env })
      await app.line(/^ready$/)
      app.kill(signal)
      expect(await app.ended).toMatchObject({ code: null, signal })
      expect(sink.spans().map(({ name }) => name)).toEqual(numbered)
      expect(sink.logRecords().map(({ body }) => body)).toEqual(['ready'])
    },
  )

  it.each([
    ['ends', 0],
    ['once', 0],
    ['exits', 7],
  ])('leaves the end to an application whose handler %s', async (handler, code) => {
    const { sink, env } = await sinkAndEnv()
    const app = runApp('server.ts', { env: { ...env, HANDLER: handler } })
    await app.line(/^ready$/)
    app.kill('SIGTERM')
    expect(await app.ended).toMatchObject({ code, signal: null })
    expect(sink.spans().map(({ name }) => name)).toEqual([...numbered, 'draining', 'drained'])
    expect(sink.logRecords().map(({ body }) => body)).toEqual(['ready', 'drained'])
  })

  it('lets an application that drains end as soon as it is done, though a backend is dead', async () => {
    const { sink, env } = await sinkAndDeadBackend()
    const app = runApp('server.ts', { env: { ...env, HANDLER: 'ends' } })
    await app.line(/^ready$/)
    const toldAt = performance.now()
    app.kill('SIGTERM')
    expect(await app.ended).toMatchObject({ code: 0, signal: null })
    // One attempt at the dead backend may take 10 s; nothing waits for it.
    expect(performance.now() - toldAt).toBeLessThan(5_000)
    expect(sink.spans().map(({ name }) => name)).toEqual([...numbered, 'draining', 'drained'])
    expect(app.stderr.join('\n')).toContain('not delivered before the process ended: 104 items to "dead".')
  })

  it('delivers everything when told so while it stops by itself', async () => {
    const { sink, env } = await sinkAndEnv()
    sink.answer({ delayMs: 300 })
    const app = runApp('server.ts', { env: { ...env, HANDLER: 'stops' } })
    await app.line(/^stopping$/)
    app.kill('SIGTERM')
    expect(await app.ended).toMatchObject({ code: null, signal: 'SIGTERM' })
    expect(sink.spans().map(({ name }) => name)).toEqual(numbered)
  })

  it('dies at once of a second signal', async () => {
    const url = await blackHole()
    const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: url, TELEMETRY_SHUTDOWN_TIMEOUT: '60s' }
    const app = runApp('server.ts', { env })
    await app.line(/^ready$/)
    app.kill('SIGTERM')
    setTimeout(() => app.kill('SIGTERM'), 300)
    expect(await app.ended).toMatchObject({ code: null, signal: 'SIGTERM' })
  })

  it('waits for a dead backend no longer than the deadline, and says what is lost', async () => {
    const { sink, env } = await sinkAndDeadBackend()
    const app = runApp('server.ts', { env })
    await app.line(/^ready$/)
    const toldAt = performance.now()
    app.kill('SIGTERM')
    expect(await app.ended).toMatchObject({ code: null, signal: 'SIGTERM' })
    // The stock exporter would hold the process for its whole timeout of 10 s.
    expect(performance.now() - toldAt).toBeLessThan(5_000)
    expect(app.stderr.join('\n')).toContain('not delivered before the process ended: 101 items to "dead".')
    expect(sink.spans().map(({ name }) => name)).toEqual(numbered)
  })
})

describe('a process that ends by itself', () => {
  it('delivers everything and keeps its exit code', async () => {
    const { sink, env } = await sinkAndEnv()
    const app = runApp('script.ts', { env: { ...env, HOW: 'exit code' } })
    expect(await app.ended).toMatchObject({ code: 3, signal: null })
    expect(sink.spans().map(({ name }) => name)).toEqual(numbered)
    expect(sink.logRecords().map(({ body }) => body)).toEqual(['worked'])
    expect(app.stderr).toEqual([])
  })

  it('is not held by a dead backend beyond the deadline, and says what is lost', async () => {
    const url = await blackHole()
    const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: url, TELEMETRY_SHUTDOWN_TIMEOUT: '500ms' }
    const app = runApp('script.ts', { env })
    const ended = await app.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.tookMs).toBeLessThan(8_000)
    expect(app.stderr.join('\n')).toContain('not delivered before the process ended: 101 items to "otlp".')
  })

  it('is not held either by an attempt that is under way when it ends', async () => {
    const url = await blackHole()
    const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: url, TELEMETRY_SHUTDOWN_TIMEOUT: '200ms' }
    const app = runApp('script.ts', { env: { ...env, HOW: 'works on', TELEMETRY_BATCH_MAX_AGE: '10ms' } })
    const ended = await app.ended
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.tookMs).toBeLessThan(8_000)
  })

  it.each([
    ['exit', 4],
    ['throws', 1],
    ['rejects', 1],
  ])('still shows on the console what was logged before it %s', async (how, code) => {
    const env = { TELEMETRY_BACKENDS: 'console', TELEMETRY_CONSOLE_FORMAT: 'tree' }
    const app = runApp('script.ts', { env: { ...env, HOW: how } })
    expect(await app.ended).toMatchObject({ code })
    expect(app.stdout.join('\n')).toContain('worked')
    expect(app.stderr.join('\n')).not.toContain('not delivered')
  })

  it('keeps the SDK quiet on stdout, whatever OTEL_LOG_LEVEL says', async () => {
    const { env } = await sinkAndEnv()
    const app = runApp('script.ts', { env: { ...env, OTEL_LOG_LEVEL: 'debug' } })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(app.stdout.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['worked'])
    expect(app.stderr.join('\n')).toContain('signalbox: ')
    expect(app.stderr.join('\n')).not.toContain('overwritten')
  })

  it('says what process.exit() lost', async () => {
    const { env } = await sinkAndEnv()
    const app = runApp('script.ts', { env: { ...env, HOW: 'exit' } })
    expect(await app.ended).toMatchObject({ code: 4 })
    expect(app.stderr.join('\n')).toContain(
      'not delivered before the process ended: 101 items to "otlp". Await stop() before process.exit()',
    )
  })

  it.each([
    ['throws', 'RangeError: out of luck'],
    ['rejects', 'RangeError: nobody cares'],
  ])('crashes as it would have when it %s', async (how, trace) => {
    const { env } = await sinkAndEnv()
    const app = runApp('script.ts', { env: { ...env, HOW: how } })
    expect(await app.ended).toMatchObject({ code: 1, signal: null })
    expect(app.stderr.join('\n')).toContain(trace)
    const bare = runApp('script.ts', { env: { HOW: how, TELEMETRY_BACKENDS: 'none' } })
    expect(await bare.ended).toMatchObject({ code: 1, signal: null })
  })

  it('records an uncaught exception on the span at work and as a log record of its tenant', async () => {
    const { sink, env } = await sinkAndEnv()
    const app = runApp('script.ts', { env: { ...env, HOW: 'survives' } })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(app.stdout).toContain('survived')
    const doomed = sink.spans().find(({ name }) => name === 'doomed')
    expect(doomed?.status).toMatchObject({ code: 2, message: 'out of luck' })
    expect(doomed?.events.map(({ name, attributes }) => [name, attributes['exception.type']])).toEqual([
      ['exception', 'RangeError'],
    ])
    const record = sink.logRecords().find(({ severityNumber }) => severityNumber === 21)
    expect(record?.body).toBe('Uncaught exception: out of luck')
    expect(record?.attributes).toMatchObject({ 'exception.type': 'RangeError', 'tenant.id': 'acme' })
    expect(record?.spanId).toBe(doomed?.spanId)
  })

  it('leaves an unhandledRejection handler of the application alone', async () => {
    const { sink, env } = await sinkAndEnv()
    const app = runApp('script.ts', { env: { ...env, HOW: 'handles rejections' } })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(app.stdout).toContain('handled')
    expect(sink.spans()).toHaveLength(100)
  })
})
