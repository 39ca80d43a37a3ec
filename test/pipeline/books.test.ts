import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/backends/backend.ts'
import type { BackendStatus, Pipeline } from '../../src/pipeline/pipeline.ts'
import { brokenPending, pendingOf, spanOf } from '../support/telemetry-items.ts'
import { heard, named, type OtlpStep, pipelineTo, scripted, scriptedOtlp, type Step } from './support.ts'

const failing: Outcome = { kind: 'retry', reason: 'http_503', message: 'over\r\nloaded' }
const done: Outcome = { kind: 'delivered' }
const refused: Outcome = { kind: 'rejected', reason: 'http_401', message: 'bad token' }

function expectBalance(statuses: Readonly<Record<string, BackendStatus>>): void {
  for (const { traces, logs } of Object.values(statuses)) {
    for (const signal of [traces, logs]) {
      if (signal === undefined) continue
      const lost = Object.values(signal.dropped).reduce((sum, count) => sum + count, 0)
      expect(signal.accepted).toBe(signal.delivered + signal.queued + lost)
      for (const count of [signal.accepted, signal.delivered, signal.queued, lost])
        expect(count).toBeGreaterThanOrEqual(0)
    }
  }
}

describe('accepted = delivered + queued + dropped', () => {
  const outcome = fc.oneof<fc.Arbitrary<Step>[]>(
    fc.constant(done),
    fc.constant(failing),
    fc.record({ kind: fc.constant('rejected' as const), reason: fc.string(), count: fc.integer({ min: -1, max: 15 }) }),
    fc.record({ kind: fc.constant('rejected' as const), reason: fc.constantFrom('a', 'b') }),
    fc.constantFrom('throws', 'rejects', 'hangs'),
    fc.record({ answer: fc.anything() }),
  )
  const otlpOutcome: fc.Arbitrary<OtlpStep> = fc.oneof(
    fc.record({ kind: fc.constant('split' as const), cause: fc.constantFrom('size', 'item'), reason: fc.string() }),
    fc.record({ kind: fc.constant('blocked' as const), reason: fc.string(), hint: fc.string() }),
  )
  const action = fc.constantFrom('span', 'log', 'broken log', 'turn', 'flush', 'rest', 'hurry')
  const run: Readonly<Record<string, (pipeline: Pipeline) => unknown>> = {
    span: (pipeline) => pipeline.pushSpan(spanOf('s')),
    log: (pipeline) => pipeline.pushLog(pendingOf('l', 9)),
    'broken log': (pipeline) => pipeline.pushLog(brokenPending(17)),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    flush: (pipeline) => pipeline.flush(1),
    rest: (pipeline) => pipeline.rest(),
    hurry: (pipeline) => pipeline.hurry(1_000),
  }

  it('at every moment, whatever the backends do', async () => {
    heard()
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { maxLength: 12 }),
        fc.array(fc.oneof(outcome, otlpOutcome), { maxLength: 12 }),
        fc.array(action, { maxLength: 60 }),
        async (steps, otlpSteps, actions) => {
          const limits = { maxItems: 4, maxBytes: 1_000_000, maxAgeMs: 1 }
          const pipeline = pipelineTo(
            [
              named('x', scripted(steps), { timeoutMs: 1 }),
              named('y', scripted(steps.toReversed()), { minLevel: 'error', timeoutMs: 1 }),
              named('z', scriptedOtlp(otlpSteps), { minLevel: 'warn', timeoutMs: 1 }),
            ],
            { batch: { traces: limits, logs: limits }, queue: { maxItems: 10, maxBytes: 5_000 } },
          )
          for (const each of actions) {
            await run[each]?.(pipeline)
            expectBalance(pipeline.status())
          }
          const closing = pipeline.close(1)
          expectBalance(pipeline.status())
          await closing
          const status = pipeline.status()
          expectBalance(status)
          for (const { traces, logs } of Object.values(status)) expect([traces?.queued, logs?.queued]).toEqual([0, 0])
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('status', () => {
  it('says what went wrong last, when, in a line that is safe to show', async () => {
    heard()
    const now = (): number => Date.UTC(2026, 0, 2, 3, 4, 5, 6)
    const shown = { kind: 'rejected', reason: 'http_400', message: `\u001b[2Jbad\n${'x'.repeat(1_000)}` } as const
    const pipeline = pipelineTo([named('x', scripted([shown]))], { now })
    pipeline.pushSpan(spanOf('a'))
    await pipeline.flush(5_000)
    expect(pipeline.status()['x']?.lastProblem).toEqual({
      at: '2026-01-02T03:04:05.006Z',
      reason: 'http_400',
      message: `[2Jbad ${'x'.repeat(292)}…`,
    })
  })

  it('keeps no more than fifty reasons of a backend that invents them', async () => {
    heard()
    const steps = Array.from({ length: 80 }, (_, index): Outcome => ({ kind: 'rejected', reason: `reason ${index}` }))
    const limits = { maxItems: 1, maxBytes: 1_000, maxAgeMs: 1_000 }
    const pipeline = pipelineTo([named('x', scripted(steps))], { batch: { traces: limits, logs: limits } })
    for (let index = 0; index < 80; index += 1) pipeline.pushSpan(spanOf('a'))
    await pipeline.flush(5_000)
    const dropped = pipeline.status()['x']?.traces?.dropped ?? {}
    expect([Object.keys(dropped).length, dropped['reason_0'], dropped['other']]).toEqual([51, 1, 30])
  })
})

describe('what is said', () => {
  const deliver = async (pipeline: Pipeline): Promise<void> => {
    pipeline.pushSpan(spanOf('a'))
    await pipeline.flush(5_000)
  }

  it('of a backend that fails is said once, and once that it works again', async () => {
    const said = heard()
    const pipeline = pipelineTo([named('eu', scripted([failing, failing, failing, done, done]))])
    for (let round = 0; round < 3; round += 1) await deliver(pipeline)
    expect(said).toEqual([
      'backend "eu" is failing (http_503: over loaded); its data is held and tried again, beyond 1,000 items or 10,000,000 bytes the oldest is dropped; other backends are not affected',
      'backend "eu" works again',
    ])
  })

  it('of a backend that refuses data is that it is dropped', async () => {
    const said = heard()
    let now = 0
    const steps = [failing, refused, refused, refused, done]
    const pipeline = pipelineTo([named('eu', scripted(steps))], { now: () => now })
    for (let round = 0; round < 4; round += 1) {
      await deliver(pipeline)
      now += 40_000
    }
    expect(said.slice(1)).toEqual([
      'backend "eu" refuses data (http_401: bad token); what it refuses is dropped and counted; other backends are not affected',
      'backend "eu" works again',
    ])
  })

  it('of a backend that comes and goes is said once a minute', async () => {
    const said = heard()
    let now = 0
    const steps = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? failing : done))
    const pipeline = pipelineTo([named('eu', scripted(steps))], { now: () => now })
    for (let round = 0; round < 20; round += 1) {
      await deliver(pipeline)
      now += 10_000
    }
    expect(said.filter((line) => line.includes('is failing'))).toHaveLength(4)
    expect(said.filter((line) => line.includes('works again'))).toHaveLength(4)
  })
})
