import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSink, type OtlpSink } from '../support/otlp-sink.ts'
import { runApp, type RunningApp } from '../support/run-app.ts'

const numbered = (run: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${run}-${index}`)

interface Place {
  readonly dir: string
  readonly sink: OtlpSink
  run(name: string, count: number, end: string, more?: Record<string, string>): RunningApp
}

/** A receiver, a folder, and processes that use them one after the other; batches of 10. */
async function place(): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-flow-spool-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  return {
    dir,
    sink,
    run: (name, count, end, more = {}) =>
      runApp('spooling.ts', {
        args: [String(count), end],
        env: {
          RUN: name,
          OTEL_SERVICE_NAME: 'spooling',
          TELEMETRY_BACKENDS: 'otlp',
          OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
          TELEMETRY_BATCH_MAX_ITEMS: '10',
          TELEMETRY_BATCH_MAX_AGE: '20ms',
          TELEMETRY_SHUTDOWN_TIMEOUT: '300ms',
          TELEMETRY_SPOOL: 'on-failure',
          TELEMETRY_SPOOL_DIR: join(dir, 'spool'),
          ...more,
        },
      }),
  }
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it never held')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const filesIn = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.seg'))
const namesAt = (sink: OtlpSink): string[] => sink.spans().map(({ name }) => name)

describe('what a process could not deliver', () => {
  it.each([
    ['that ended by itself', 'ends', { code: 0 }],
    ['that called process.exit()', 'exits', { code: 3 }],
    ['that crashed', 'throws', { code: 1 }],
  ])('is delivered by the next one, after one %s', async (_, end, how) => {
    const { dir, sink, run } = await place()
    sink.answer(503)
    const first = run('first', 105, end)
    expect(await first.ended).toMatchObject(how)
    expect(first.stderr.join('\n')).not.toContain('not delivered before the process ended')
    expect(namesAt(sink)).toEqual([])
    expect(filesIn(dir)).not.toEqual([])
    sink.answer(200)
    const second = run('second', 5, 'ends')
    expect(await second.ended).toMatchObject({ code: 0 })
    expect(namesAt(sink).toSorted()).toEqual([...numbered('first', 105), ...numbered('second', 5)].toSorted())
    expect(filesIn(dir)).toEqual([])
  })

  it('is delivered by the next one, after one that was told to stop while its backend hung', async () => {
    const { sink, run } = await place()
    sink.answer('hang')
    const first = run('first', 100, 'stays')
    await first.line(/^made$/)
    first.kill('SIGTERM')
    expect(await first.ended).toMatchObject({ signal: 'SIGTERM' })
    sink.answer(200)
    expect(await run('second', 0, 'ends', { STAY_MS: '500' }).ended).toMatchObject({ code: 0 })
    expect(new Set(namesAt(sink))).toEqual(new Set(numbered('first', 100)))
  })

  it('outlives a process that is killed, where its backend was down', async () => {
    const { dir, sink, run } = await place()
    sink.answer(503)
    const first = run('first', 100, 'stays', { STAY_MS: '2500' })
    await first.line(/^made$/)
    await until(() => filesIn(dir).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 500))
    first.kill('SIGKILL')
    await first.ended
    sink.answer(200)
    expect(await run('second', 0, 'ends', { STAY_MS: '500' }).ended).toMatchObject({ code: 0 })
    expect(namesAt(sink).toSorted()).toEqual(numbered('first', 100).toSorted())
  })

  it('outlives a process that is killed before it could send anything, where all is kept', async () => {
    const { sink, run } = await place()
    sink.answer('hang')
    const first = run('first', 100, 'stays', { TELEMETRY_SPOOL: 'always' })
    await first.line(/^made$/)
    await sink.waitFor(() => sink.requests.length >= 4)
    await new Promise((resolve) => setTimeout(resolve, 500))
    first.kill('SIGKILL')
    await first.ended
    sink.answer(200)
    expect(await run('second', 0, 'ends', { STAY_MS: '500' }).ended).toMatchObject({ code: 0 })
    expect(namesAt(sink).toSorted()).toEqual(numbered('first', 100).toSorted())
  })

  it('is not touched by a process of the same service that runs beside it', async () => {
    const { sink, run } = await place()
    sink.answer(503)
    const first = run('first', 100, 'stays')
    await first.line(/^made$/)
    await sink.waitFor(() => sink.requests.length >= 3)
    const beside = run('beside', 20, 'ends')
    await beside.ended
    sink.answer(200)
    await sink.waitFor(() => namesAt(sink).length >= 100, 40_000)
    first.kill('SIGTERM')
    await first.ended
    expect(await run('third', 0, 'ends', { STAY_MS: '500' }).ended).toMatchObject({ code: 0 })
    expect(namesAt(sink).toSorted()).toEqual([...numbered('first', 100), ...numbered('beside', 20)].toSorted())
  }, 60_000)
})
