import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OtlpOutcome } from '../../src/backends/backend.ts'
import { otlpHttp } from '../../src/backends/otlp-http.ts'
import type { BackendStatus, Pipeline, PipelineOptions } from '../../src/pipeline/pipeline.ts'
import { type Answer, type AnswerTo, otlpSink, type OtlpSink } from '../support/otlp-sink.ts'
import { pendingOf, spanOf } from '../support/telemetry-items.ts'
import { heard, named, type OtlpStep, pipelineTo, scriptedOtlp } from './support.ts'

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index))

/** Each item a request. */
const single = { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 60_000 }

interface Running {
  readonly sink: OtlpSink
  readonly pipeline: Pipeline
  readonly said: string[]
  status(): BackendStatus
}

/** A real receiver that answers as it is told, and a pipeline to it; batches of 64. */
async function sending(answer: Answer | AnswerTo, more: Partial<PipelineOptions> = {}): Promise<Running> {
  const said = heard()
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  sink.answer(answer)
  const backend = otlpHttp({
    endpoints: { traces: `${sink.url}/v1/traces`, logs: `${sink.url}/v1/logs` },
    headers: {},
    timeoutMs: {},
    compression: { logs: 'none' },
  })
  const limits = { maxItems: 64, maxBytes: 1_000_000, maxAgeMs: 60_000 }
  const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits }, ...more })
  return { sink, pipeline, said, status: () => pipeline.status()['x'] as BackendStatus }
}

const pushSpans = (pipeline: Pipeline, names: readonly string[]): void => {
  for (const name of names) pipeline.pushSpan(spanOf(name))
}
const namesAt = (sink: OtlpSink): string[] =>
  sink
    .spans()
    .map(({ name }) => name)
    .sort()

describe('a request that is too large', () => {
  it('is taken apart until it fits', async () => {
    const { sink, pipeline, status } = await sending(({ spans, logRecords }) =>
      spans.length + logRecords.length > 10 ? 413 : 200,
    )
    pushSpans(pipeline, numbered(64))
    for (const body of numbered(64)) pipeline.pushLog(pendingOf(body, 9))
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(namesAt(sink)).toEqual(numbered(64).sort())
    expect(sink.logRecords().map(({ body }) => body)).toHaveLength(64)
    expect(status()).toMatchObject({
      traces: { accepted: 64, delivered: 64, queued: 0, dropped: {} },
      logs: { accepted: 64, delivered: 64, queued: 0, dropped: {} },
    })
  })

  it('is also one of which 429 or 400 says so, and a single item that does not fit is left out', async () => {
    const { sink, pipeline, status } = await sending(({ spans, signal }) => {
      if (!spans.some(({ name }) => name === 'huge')) return 200
      const body = 'grpc: received message after decompression larger than max (15728641 vs. 15728640)'
      return { status: signal === 'traces' ? 429 : 400, body }
    })
    pushSpans(pipeline, [...numbered(9), 'huge'])
    await pipeline.flush(5_000)
    expect(namesAt(sink)).toEqual(numbered(9))
    expect(status().traces).toEqual({ accepted: 10, delivered: 9, queued: 0, dropped: { http_429: 1 } })
  })
})

describe('an item that spoils its request', () => {
  it('is found and left out alone', async () => {
    const { sink, pipeline, status } = await sending(({ spans }) =>
      spans.some(({ name }) => name === 'poison') ? { status: 400, body: 'span ids must be 64 bit' } : 200,
    )
    const names = [...numbered(40), 'poison', ...numbered(60).slice(40)]
    pushSpans(pipeline, names)
    await pipeline.flush(5_000)
    expect(namesAt(sink)).toEqual(numbered(60).sort())
    expect(status().traces).toEqual({ accepted: 61, delivered: 60, queued: 0, dropped: { http_400: 1 } })
    expect(status().lastProblem).toMatchObject({ reason: 'http_400', message: 'span ids must be 64 bit' })
  })

  it('is not looked for without end where all are refused', async () => {
    const { sink, pipeline, status } = await sending(400)
    pushSpans(pipeline, numbered(64))
    await pipeline.flush(5_000)
    expect(status().traces).toEqual({ accepted: 64, delivered: 0, queued: 0, dropped: { http_400: 64 } })
    expect(sink.requests.length).toBeLessThan(60)
  })
})

describe('entries that Loki will never take', () => {
  it('are counted as it counts them, and nothing is sent again', async () => {
    const text = "entry with timestamp 2026 ignored, reason: 'entry too far behind', total ignored: 3 out of 10"
    const { sink, pipeline, status } = await sending({ status: 400, body: text })
    for (const body of numbered(10)) pipeline.pushLog(pendingOf(body, 9))
    await pipeline.flush(5_000)
    expect(sink.requests).toHaveLength(1)
    expect(status().logs).toEqual({ accepted: 10, delivered: 7, queued: 0, dropped: { not_taken: 3 } })
  })
})

describe('a backend that takes nothing', () => {
  it.each([401, 402, 403, 404, 405, 301])(
    'holds all of it while it answers %i, and gets it when that is mended',
    async (code) => {
      const { sink, pipeline, said, status } = await sending({
        status: code,
        headers: { location: 'https://elsewhere.test/v1/traces' },
        body: '{"error":"invalid scope requested"}',
      })
      pushSpans(pipeline, numbered(200))
      expect(await pipeline.flush(200)).toBe(false)
      const requests = sink.requests.length
      expect(status()).toMatchObject({
        state: 'blocked',
        traces: { accepted: 200, delivered: 0, queued: 200, dropped: {} },
        lastProblem: { reason: `http_${code}`, message: 'invalid scope requested' },
      })
      expect(requests).toBeLessThanOrEqual(4)
      sink.answer(200)
      expect(await pipeline.flush(5_000)).toBe(true)
      expect(namesAt(sink)).toEqual(numbered(200).sort())
      expect(status()).toMatchObject({ state: 'idle', traces: { delivered: 200, queued: 0, dropped: {} } })
      expect(said.filter((line) => line.includes('takes nothing'))).toHaveLength(1)
      expect(said.at(-1)).toBe('backend "x" (traces) works again')
      if (code === 301) expect(said[0]).toContain('https://elsewhere.test/v1/traces')
    },
  )

  it.each([401, 402])('loses nothing where each second request is answered %i', async (code) => {
    heard()
    let answers = 0
    const backend = scriptedOtlp(() =>
      (answers += 1) % 2 === 0 ? { kind: 'delivered' } : { kind: 'blocked', reason: `http_${code}` },
    )
    const limits = { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 60_000 }
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } })
    pushSpans(pipeline, numbered(30))
    for (let round = 0; round < 60 && pipeline.queued() > 0; round += 1) await pipeline.flush(20)
    expect(pipeline.status()['x']?.traces).toEqual({ accepted: 30, delivered: 30, queued: 0, dropped: {} })
  })

  it('loses a single request that is refused while others are taken', async () => {
    heard()
    const backend = scriptedOtlp((texts) =>
      texts.includes('<script>') ? { kind: 'blocked', reason: 'http_403', message: 'firewall' } : { kind: 'delivered' },
    )
    const limits = { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 60_000 }
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } })
    pushSpans(pipeline, ['<script>', ...numbered(8)])
    for (let round = 0; round < 10; round += 1) await pipeline.flush(50)
    expect(backend.delivered.sort()).toEqual(numbered(8))
    expect(pipeline.status()['x']?.traces).toEqual({ accepted: 9, delivered: 8, queued: 0, dropped: { http_403: 1 } })
  })
})

describe('a request that a backend always fails at', () => {
  const failing =
    (...bad: string[]) =>
    (texts: readonly string[]): OtlpStep =>
      texts.some((text) => bad.includes(text))
        ? { kind: 'retry', reason: 'http_500', message: 'panic: nil' }
        : { kind: 'delivered' }

  async function until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000
    while (!holds() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  it('does not hold those that come after it, and waits alone', async () => {
    heard()
    const backend = scriptedOtlp(failing('poison'))
    const limits = { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 60_000 }
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } })
    pushSpans(pipeline, ['poison', ...numbered(50)])
    await until(() => backend.delivered.length === 50)
    expect(backend.delivered.toSorted()).toEqual(numbered(50).toSorted())
    await until(() => pipeline.status()['x']?.state === 'idle')
    const attempts = backend.attempts.length
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(backend.attempts.length - attempts).toBe(0)
    expect(pipeline.status()['x']?.traces).toEqual({ accepted: 51, delivered: 50, queued: 1, dropped: {} })
  })

  it('gives up to it what is good in it, and the rest when it is mended', async () => {
    heard()
    let bad = ['7', '30']
    const backend = scriptedOtlp((texts) => failing(...bad)(texts))
    const limits = { maxItems: 40, maxBytes: 1_000_000, maxAgeMs: 60_000 }
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } })
    pushSpans(pipeline, numbered(200))
    let later = 0
    while (later < 300 && pipeline.queued() !== 2) {
      pushSpans(pipeline, [`later ${(later += 1)}`])
      await pipeline.flush(10)
    }
    expect(pipeline.status()['x']?.traces).toMatchObject({ delivered: 198 + later, queued: 2, dropped: {} })
    bad = []
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(new Set(backend.delivered).size).toBe(backend.delivered.length)
    expect(backend.delivered.length).toBe(200 + later)
  })

  it('is not blamed for what the backend says of itself', async () => {
    heard()
    const backend = scriptedOtlp((texts) =>
      texts.includes('0') && backend.attempts.length < 12
        ? { kind: 'retry', reason: 'http_429', afterMs: 1 }
        : { kind: 'delivered' },
    )
    const limits = { maxItems: 2, maxBytes: 1_000_000, maxAgeMs: 60_000 }
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } })
    pushSpans(pipeline, numbered(20))
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(backend.attempts.filter((texts) => texts.includes('0')).every(({ length }) => length === 2)).toBe(true)
  })
})

describe('a signal in trouble', () => {
  it('does not hold the other one', async () => {
    const { sink, pipeline, status } = await sending(({ signal }) => (signal === 'logs' ? 'hang' : 200))
    pushSpans(pipeline, numbered(100))
    for (const body of numbered(100)) pipeline.pushLog(pendingOf(body, 9))
    await pipeline.flush(300)
    expect(namesAt(sink)).toEqual(numbered(100).sort())
    expect(status()).toMatchObject({ traces: { delivered: 100, queued: 0 }, logs: { delivered: 0, queued: 100 } })
  })
})

describe('requests under way', () => {
  it('are up to four, and one where the last one failed', async () => {
    heard()
    let isDown = true
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    const failure = { kind: 'retry', reason: 'http_503', afterMs: 60_000 } as const
    const backend = scriptedOtlp(() => (isDown ? { answer: gate.then(() => failure) } : { kind: 'delivered' }))
    const limits = { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 60_000 }
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } })
    pushSpans(pipeline, numbered(50))
    await pipeline.flush(100)
    expect([backend.underWay.now, backend.underWay.most]).toEqual([4, 4])
    open()
    await pipeline.flush(50)
    backend.underWay.most = 0
    const attempts = backend.attempts.length
    await pipeline.flush(50)
    expect([backend.underWay.most, backend.attempts.length]).toEqual([1, attempts + 1])
    isDown = false
    expect(await pipeline.flush(5_000)).toBe(true)
    expect(backend.delivered.sort()).toEqual(numbered(50).sort())
  })

  it('hold nothing back when they come to nothing after a flush was asked for', async () => {
    heard()
    let answer: (outcome: OtlpOutcome) => void = () => {}
    const first = new Promise<OtlpOutcome>((resolve) => (answer = resolve))
    let isFirst = true
    const backend = scriptedOtlp(() => {
      const step: OtlpStep = isFirst ? { answer: first } : { kind: 'delivered' }
      isFirst = false
      return step
    })
    const pipeline = pipelineTo([named('x', backend)])
    pushSpans(pipeline, ['a'])
    const flushed = pipeline.flush(5_000)
    while (backend.underWay.now === 0) await new Promise((resolve) => setImmediate(resolve))
    const again = pipeline.flush(5_000)
    answer({ kind: 'retry', reason: 'http_429', afterMs: 3_600_000 })
    expect([await flushed, await again, backend.delivered]).toEqual([true, true, ['a']])
  })

  it('leave what another was told by its backend in force when they end', async () => {
    heard()
    const answers = new Map<string, (outcome: OtlpOutcome) => void>()
    const backend = scriptedOtlp((texts) => ({
      answer: new Promise<OtlpOutcome>((resolve) => answers.set(texts.join(), resolve)),
    }))
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: single, logs: single } })
    pushSpans(pipeline, ['before'])
    while (answers.size < 1) await new Promise((resolve) => setImmediate(resolve))
    const flushed = pipeline.flush(200)
    pushSpans(pipeline, ['after'])
    while (answers.size < 2) await new Promise((resolve) => setImmediate(resolve))
    answers.get('after')?.({ kind: 'retry', reason: 'http_429', afterMs: 3_600_000 })
    await sleep(20)
    answers.get('before')?.({ kind: 'delivered' })
    expect([await flushed, backend.attempts]).toEqual([true, [['before'], ['after']]])
    expect(pipeline.status()['x']?.state).toBe('waiting')
  })

  it('are tried again by the flush that was asked for meanwhile, also where it is they that are to blame', async () => {
    heard()
    let answer: ((outcome: OtlpOutcome) => void) | undefined
    const seen = { failures: 0, delivered: 0 }
    const backend = scriptedOtlp((texts) => {
      if (!texts.includes('bad')) seen.delivered += 1
      if (!texts.includes('bad') || answer !== undefined) return { kind: 'delivered' }
      seen.failures += 1
      if (seen.failures < 3 || seen.delivered === 0) return { kind: 'retry', reason: 'http_503' }
      return { answer: new Promise<OtlpOutcome>((resolve) => (answer = resolve)) }
    })
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: single, logs: single } })
    pushSpans(pipeline, ['bad'])
    while (seen.failures < 3 || seen.delivered === 0) {
      await pipeline.flush(5)
      pushSpans(pipeline, ['good'])
    }
    const flushed = pipeline.flush(5_000)
    await sleep(5)
    answer?.({ kind: 'retry', reason: 'http_503' })
    expect([await flushed, backend.delivered.filter((text) => text === 'bad')]).toEqual([true, ['bad']])
  })

  it('are what is left after an hour of trouble, in their order, behind the one that found it over', async () => {
    heard()
    const backend = scriptedOtlp([
      { kind: 'retry', reason: 'connection_refused' },
      { kind: 'retry', reason: 'timeout' },
      { kind: 'retry', reason: 'http_503' },
    ])
    const limits = { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 60_000 }
    const pipeline = pipelineTo([named('x', backend)], { batch: { traces: limits, logs: limits } })
    for (const name of numbered(20)) {
      pipeline.pushSpan(spanOf(name))
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (let round = 0; round < 5; round += 1) await pipeline.flush(50)
    const [probe, ...rest] = backend.delivered
    expect(rest).toEqual(numbered(20).filter((name) => name !== probe))
  })
})

describe('data that the receiver would refuse for its age', () => {
  it('is dropped and counted', async () => {
    heard()
    let isDown = true
    const backend = scriptedOtlp(() => (isDown ? { kind: 'retry', reason: 'http_503' } : { kind: 'delivered' }), {
      maxAgeMs: { traces: 100 },
    })
    const pipeline = pipelineTo([named('x', backend)])
    pushSpans(pipeline, ['old'])
    pipeline.pushLog(pendingOf('old', 9))
    await pipeline.flush(150)
    isDown = false
    pushSpans(pipeline, ['new'])
    await pipeline.flush(5_000)
    expect(backend.delivered.sort()).toEqual(['new', 'old'])
    expect(pipeline.status()['x']).toMatchObject({
      traces: { accepted: 2, delivered: 1, dropped: { too_old: 1 } },
      logs: { accepted: 1, delivered: 1, dropped: {} },
    })
  })
})
