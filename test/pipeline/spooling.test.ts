import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OtlpBackend } from '../../src/backends/backend.ts'
import type { SpoolOptions } from '../../src/pipeline/lane-options.ts'
import type { BackendStatus, Pipeline } from '../../src/pipeline/pipeline.ts'
import { bodyOf, readSegment } from '../../src/pipeline/spool/frames.ts'
import { decodeSpans } from '../support/otlp-decode.ts'
import { pendingOf, spanOf } from '../support/telemetry-items.ts'
import { heard, named, type OtlpStep, pipelineTo, type ScriptedOtlp, scriptedOtlp } from './support.ts'

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index))

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'signalbox-spooling-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'spool')
}

const filesOf = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.seg'))
    : []

/** The spans in all files, settled ones left out. */
const namesOnDisk = (path: string): string[] =>
  filesOf(path).flatMap((name) => {
    const bytes = readFileSync(join(path, name))
    const bodies = readSegment(bytes)?.open.map(({ offset, length }) => bodyOf(bytes.subarray(offset, offset + length)))
    return (bodies ?? []).flatMap((body) => decodeSpans(gunzipSync(body as Uint8Array)).map((span) => span.name))
  })

interface Running {
  readonly pipeline: Pipeline
  status(): BackendStatus
}

/** A pipeline to one backend, a request for each item, as a process would have it that starts now. */
function started(backend: OtlpBackend, dir: string, more: Partial<SpoolOptions> = {}, queueItems = 1_000): Running {
  const limits = { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 60_000 }
  const pipeline = pipelineTo([named('x', backend)], {
    batch: { traces: limits, logs: limits },
    queue: { maxItems: queueItems, maxBytes: 10_000_000 },
    spool: { mode: 'on-failure', dir, service: 'api', maxBytes: 10_000_000, ...more },
  })
  return { pipeline, status: () => pipeline.status()['x'] as BackendStatus }
}

const down: OtlpStep = { kind: 'retry', reason: 'http_503' }
const up: OtlpStep = { kind: 'delivered' }

async function push(pipeline: Pipeline, names: readonly string[]): Promise<void> {
  for (const name of names) {
    pipeline.pushSpan(spanOf(name))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it never held')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('while a backend is down', () => {
  it('its data goes to disk, and from there to it, in order, when it is up again', async () => {
    heard()
    const dir = folder()
    let answer: OtlpStep = down
    const backend = scriptedOtlp(() => answer)
    const { pipeline, status } = started(backend, dir)
    await push(pipeline, numbered(30))
    await pipeline.flush(100)
    await until(() => status().traces?.spooled === 30)
    expect(status().traces).toEqual({ accepted: 30, delivered: 0, queued: 0, spooled: 30, dropped: {} })
    expect(filesOf(dir)).toHaveLength(1)
    answer = up
    await push(pipeline, ['30'])
    expect(await pipeline.flush(5_000)).toBe(true)
    // The first is the one that found the backend up; up to four are on their way at once.
    const [probe, ...rest] = backend.delivered
    expect(rest.slice(0, 20)).toEqual(
      numbered(31)
        .filter((name) => name !== probe)
        .slice(0, 20),
    )
    expect(backend.delivered.toSorted()).toEqual(numbered(31).toSorted())
    await pipeline.close(1_000)
    expect(status().traces).toEqual({ accepted: 31, delivered: 31, queued: 0, spooled: 0, dropped: {} })
    expect(filesOf(dir)).toEqual([])
  })

  it('no more of it is held in memory than the queue may, and nothing is lost', async () => {
    heard()
    const dir = folder()
    let answer: OtlpStep = 'hangs'
    const backend = scriptedOtlp(() => answer)
    const { pipeline, status } = started(backend, dir, {}, 50)
    for (let from = 0; from < 200; from += 20) {
      await push(pipeline, numbered(200).slice(from, from + 20))
      await until(() => (status().traces?.queued ?? 0) <= 54)
    }
    expect(status().traces).toEqual({ accepted: 200, delivered: 0, queued: 54, spooled: 146, dropped: {} })
    answer = up
    pipeline.rest()
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(backend.delivered.sort()).toEqual(numbered(200).sort())
  })

  it('the oldest of it goes where the disk may hold no more', async () => {
    const said = heard()
    const backend = scriptedOtlp(() => down)
    const { pipeline, status } = started(backend, folder(), { maxBytes: 70_000 }, 2_000)
    await push(pipeline, numbered(1_500))
    await pipeline.flush(200)
    await until(() => (status().traces?.dropped['spool_full'] ?? 0) > 0)
    const { accepted, delivered, queued, spooled = 0, dropped } = status().traces!
    expect(accepted).toBe(1_500)
    expect(delivered + queued + spooled + Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(1_500)
    expect(said.join()).not.toContain('spool of')
  })
})

describe('at the end of a process', () => {
  it('what is left goes to disk, and the next process delivers it first, and says so', async () => {
    const said = heard()
    const dir = folder()
    const first = started(
      scriptedOtlp(() => down),
      dir,
    )
    await push(first.pipeline, numbered(20))
    first.pipeline.pushLog(pendingOf('a line', 9))
    await first.pipeline.close(20)
    expect(first.status()).toMatchObject({
      traces: { accepted: 20, delivered: 0, queued: 0, spooled: 20, dropped: {} },
      logs: { accepted: 1, delivered: 0, queued: 0, spooled: 1, dropped: {} },
    })
    const backend = scriptedOtlp(() => up)
    const second = started(backend, dir)
    await push(second.pipeline, ['new'])
    await until(() => backend.delivered.length === 22)
    const spans = backend.delivered.filter((text) => text !== 'a line')
    expect(spans.slice(0, 16).every((name) => name !== 'new')).toBe(true)
    expect(spans.toSorted()).toEqual([...numbered(20), 'new'].toSorted())
    expect(said).toContain('backend "x" (traces) gets 20 items first that an earlier process left on disk')
    expect(said).toContain('backend "x" (logs) gets 1 item first that an earlier process left on disk')
    await second.pipeline.close(1_000)
    expect(second.status()).toMatchObject({
      traces: { accepted: 21, delivered: 21, queued: 0, spooled: 0, dropped: {} },
      logs: { accepted: 1, delivered: 1, queued: 0, spooled: 0, dropped: {} },
    })
    expect(filesOf(dir)).toEqual([])
  })

  it('can write it at once, what is on its way and what is not encoded yet included', async () => {
    heard()
    const dir = folder()
    const first = started(
      scriptedOtlp(() => 'hangs'),
      dir,
    )
    await push(first.pipeline, numbered(10))
    first.pipeline.pushSpan(spanOf('10'))
    first.pipeline.deliverAtExit()
    expect(first.status().traces).toEqual({ accepted: 11, delivered: 0, queued: 0, spooled: 11, dropped: {} })
    const backend = scriptedOtlp(() => up)
    started(backend, dir)
    await until(() => backend.delivered.length === 11)
    expect(backend.delivered.toSorted()).toEqual(numbered(11).toSorted())
  })
})

describe('where everything is kept', () => {
  it('each request is on disk before it is sent', async () => {
    heard()
    const dir = folder()
    const onDisk: number[] = []
    const backend: ScriptedOtlp = scriptedOtlp(() => {
      onDisk.push(filesOf(dir).length)
      return up
    })
    const { pipeline, status } = started(backend, dir, { mode: 'always' })
    await push(pipeline, numbered(10))
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(backend.delivered).toEqual(numbered(10))
    expect(onDisk.every((files) => files > 0)).toBe(true)
    await pipeline.close(1_000)
    expect(status().traces).toEqual({ accepted: 10, delivered: 10, queued: 0, spooled: 0, dropped: {} })
    expect(filesOf(dir)).toEqual([])
  })
})

describe('where everything is kept, at the end of a process', () => {
  it.each(numbered(12))('nothing is lost %s turns of the loop after it was recorded', async (turns) => {
    heard()
    const dir = folder()
    let asked = false
    const hanging = scriptedOtlp(() => {
      asked = true
      return 'hangs'
    })
    const first = started(hanging, dir, { mode: 'always' })
    first.pipeline.pushSpan(spanOf('first'))
    await until(() => asked)
    for (const name of numbered(5)) first.pipeline.pushSpan(spanOf(name))
    for (let turn = 0; turn < Number(turns); turn += 1) await new Promise((resolve) => setImmediate(resolve))
    first.pipeline.deliverAtExit()
    expect(first.status().traces).toMatchObject({ accepted: 6, delivered: 0, dropped: {} })
    expect(namesOnDisk(dir).toSorted()).toEqual([...numbered(5), 'first'])
  })
})

describe('what is at the edge of the spool', () => {
  const large = (name: string): ReturnType<typeof spanOf> => spanOf(name, { noise: randomBytes(1_000).toString('hex') })

  it('is sent, or counted, where its file goes for newer ones while it is on its way', async () => {
    heard()
    const dir = folder()
    let isUp = false
    const backend = scriptedOtlp(() =>
      isUp ? up : { answer: new Promise((resolve) => setTimeout(resolve, 100, { kind: 'retry', reason: 'timeout' })) },
    )
    const { pipeline, status } = started(backend, dir, { maxBytes: 262_144 }, 20)
    for (let index = 0; index < 300; index += 1) {
      pipeline.pushSpan(large(`old ${index}`))
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
    expect(status().traces?.dropped['spool_full']).toBeGreaterThan(50)
    isUp = true
    for (const name of numbered(20)) pipeline.pushSpan(spanOf(name))
    await pipeline.flush(5_000)
    const { dropped } = status().traces as { readonly dropped: Readonly<Record<string, number>> }
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
    expect(status().traces).toMatchObject({ accepted: 320, delivered: 320 - lost, queued: 0, spooled: 0 })
    expect(backend.delivered.filter((name) => !name.startsWith('old'))).toHaveLength(20)
    expect(new Set(backend.delivered).size).toBe(320 - lost)
  })

  it('is tried again where it was taken to be sent while it was being written, and its file goes', async () => {
    heard()
    const answers = new Map<string, (step: OtlpStep) => void>()
    let isUp = false
    const backend = scriptedOtlp(([name = '']) =>
      isUp ? up : { answer: new Promise((resolve) => answers.set(name, resolve)) },
    )
    const { pipeline, status } = started(backend, folder(), { maxBytes: 65_536 }, 20)
    await push(pipeline, numbered(4))
    await until(() => answers.size === 4)
    await push(pipeline, numbered(24).slice(4))
    expect(await pipeline.flush(100)).toBe(false)
    expect(status().traces).toMatchObject({ queued: 24, spooled: 0 })
    await push(pipeline, ['24'])
    answers.get('0')?.(up)
    await until(() => answers.has('4') && status().traces?.spooled === 1)
    for (let index = 0; status().traces?.dropped['spool_full'] === undefined; index += 1) {
      pipeline.pushSpan(large(`large ${index}`))
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
    isUp = true
    for (const answer of answers.values()) answer(down)
    await pipeline.flush(5_000)
    expect(backend.delivered).toContain('4')
    expect(status().traces).toMatchObject({ queued: 0, spooled: 0 })
  })

  it('does not keep a flush from its end while more comes', async () => {
    heard()
    const backend = scriptedOtlp()
    const limits = { maxItems: 10, maxBytes: 1_000_000, maxAgeMs: 5 }
    const pipeline = pipelineTo([named('x', backend)], {
      batch: { traces: limits, logs: limits },
      queue: { maxItems: 100_000, maxBytes: 100_000_000 },
      spool: { mode: 'always', dir: folder(), service: 'api', maxBytes: 100_000_000 },
    })
    const busy = setInterval(() => numbered(20).forEach((name) => pipeline.pushSpan(spanOf(name))), 1)
    onTestFinished(() => clearInterval(busy))
    await sleep(300)
    expect(await pipeline.flush(10_000)).toBe(true)
  })

  it('is counted where at the end there is more than there is room for', async () => {
    heard()
    const dir = folder()
    const { pipeline, status } = started(
      scriptedOtlp(() => down),
      dir,
      { maxBytes: 65_536 },
    )
    for (const name of numbered(200)) pipeline.pushSpan(large(name))
    pipeline.deliverAtExit()
    const { spooled = 0, dropped } = status().traces as { spooled?: number; dropped: Record<string, number> }
    expect(spooled).toBe(namesOnDisk(dir).length)
    expect(spooled).toBeGreaterThan(20)
    expect(dropped).toEqual({ spool_full: 200 - spooled })
    expect(namesOnDisk(dir)).toEqual(numbered(200).slice(200 - spooled))
  })

  it('is the other one’s where another machine took it over, and the books balance', async () => {
    heard()
    const dir = folder()
    let answer: OtlpStep = down
    const backend = scriptedOtlp(() => answer)
    const { pipeline, status } = started(backend, dir)
    await push(pipeline, numbered(5))
    await pipeline.flush(50)
    await until(() => status().traces?.spooled === 5)
    const path = join(dir, 'api', 'custom.x', 'traces')
    const note = join(path, readdirSync(path)[0] as string, 'owner.json')
    writeFileSync(note, JSON.stringify({ host: 'elsewhere', pid: 1, instance: 'other', place: 'elsewhere' }))
    utimesSync(note, new Date(0), new Date(0))
    const other = scriptedOtlp()
    const second = started(other, dir)
    await until(() => other.delivered.length === 5)
    answer = up
    pipeline.pushSpan(spanOf('5'))
    await pipeline.flush(5_000)
    expect([other.delivered.toSorted(), backend.delivered]).toEqual([numbered(5), ['5']])
    expect(second.status().traces).toMatchObject({ accepted: 5, delivered: 5, queued: 0, spooled: 0, dropped: {} })
    const { delivered, spooled, dropped } = status().traces as Required<NonNullable<BackendStatus['traces']>>
    // Where the file is gone before it is missed, nobody knows who had it: then it is not said to be another one's.
    expect([delivered, spooled + (dropped['spool_unreadable'] ?? 0)]).toEqual([1, 5])
  })

  it('is deleted where nobody has come for it in eight days, and nothing else is', async () => {
    heard()
    const dir = folder()
    const gone = started(
      scriptedOtlp(() => down),
      dir,
      { service: 'a service that is no more' },
    )
    await push(gone.pipeline, numbered(3))
    await gone.pipeline.close(0)
    const young = started(
      scriptedOtlp(() => down),
      dir,
      { service: 'another' },
    )
    await push(young.pipeline, numbered(3))
    await young.pipeline.close(0)
    const isGone = (name: string): boolean => name.includes('no_more')
    const eightDaysAgo = new Date(Date.now() - 8.1 * 86_400_000)
    for (const name of filesOf(dir).filter(isGone)) utimesSync(join(dir, name), eightDaysAgo, eightDaysAgo)
    writeFileSync(join(dir, 'notes.seg'), 'of the user')
    utimesSync(join(dir, 'notes.seg'), eightDaysAgo, eightDaysAgo)
    expect(filesOf(dir).filter(isGone)).toHaveLength(1)
    started(scriptedOtlp(), dir)
    await until(() => !filesOf(dir).some(isGone))
    expect(filesOf(dir)).toHaveLength(2)
  })

  it('is sent as it was written, whatever is set now', async () => {
    heard()
    const dir = folder()
    for (const [before, now] of [
      ['gzip', 'none'],
      ['none', 'gzip'],
    ] as const) {
      const first = started(
        scriptedOtlp(() => down, { compression: { traces: before } }),
        dir,
      )
      await push(first.pipeline, numbered(3))
      await first.pipeline.close(0)
      const backend = scriptedOtlp([], { compression: { traces: now } })
      const { pipeline } = started(backend, dir)
      pipeline.pushSpan(spanOf('3'))
      expect(await pipeline.flush(5_000)).toBe(true)
      expect(backend.delivered.toSorted()).toEqual(numbered(4))
      await pipeline.close(0)
    }
  })
})

describe('a disk that cannot be used', () => {
  it('is said once, and what waits is held in memory', async () => {
    const said = heard()
    const dir = folder()
    mkdirSync(join(dir, '..'), { recursive: true })
    writeFileSync(dir, 'a file in its place')
    let answer: OtlpStep = down
    const backend = scriptedOtlp(() => answer)
    const { pipeline, status } = started(backend, dir)
    await push(pipeline, numbered(20))
    await pipeline.flush(100)
    expect(status().traces).toMatchObject({ accepted: 20, queued: 20, spooled: 0, dropped: {} })
    expect(said.filter((line) => line.includes('spool of backend "x" (traces) cannot be used'))).toHaveLength(1)
    answer = up
    expect(await pipeline.flush(5_000)).toBe(true)
    const [probe, ...rest] = backend.delivered
    expect(rest).toEqual(numbered(20).filter((name) => name !== probe))
  })
})
