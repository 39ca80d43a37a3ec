import { describe, expect, it } from 'vitest'
import { attempt, readOutcome } from '../../src/pipeline/attempt.ts'
import { MetricsLane } from '../../src/pipeline/metrics-lane.ts'
import { Milestones } from '../../src/pipeline/milestones.ts'
import { within } from '../../src/pipeline/within.ts'

describe('who waits for a delivery', () => {
  it('is forgotten when the time is over', async () => {
    const milestones = new Milestones()
    let ended = 0
    for (let each = 0; each < 10; each += 1) {
      const isDone = await within(1, (giveUp) => milestones.reached(5, giveUp).then(() => (ended += 1)))
      expect(isDone).toBe(false)
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).toBe(10)
  })

  it('does not begin to wait when the time is over already', async () => {
    expect(await new Milestones().reached(1, AbortSignal.abort())).toBeUndefined()
  })

  it('is told when the oldest that is left is newer', async () => {
    const milestones = new Milestones()
    const reached = within(5_000, (giveUp) => milestones.reached(5, giveUp))
    milestones.pass(5)
    milestones.pass(6)
    expect(await reached).toBe(true)
  })
})

describe('an attempt that is given up before it begins', () => {
  it('is not made', async () => {
    let calls = 0
    const make = (): Promise<unknown> => Promise.resolve({ kind: 'delivered', calls: (calls += 1) })
    expect(await attempt(make, readOutcome, 60_000, AbortSignal.abort())).toEqual({ kind: 'stopped' })
    expect(calls).toBe(0)
  })

  it('does not hold the end of metrics that wait for one', async () => {
    let sends = 0
    const lane = new MetricsLane({
      name: 'x',
      timeoutMs: 60_000,
      backend: {
        deliver: () => Promise.resolve({ kind: 'delivered' }),
        deliverMetrics: (_, signal) => {
          sends += 1
          return new Promise((resolve) =>
            signal.addEventListener('abort', () => resolve({ kind: 'retry', reason: 'aborted' })),
          )
        },
      },
    })
    const metrics = { scopeMetrics: [{ metrics: [{ dataPoints: [1] }] }] } as unknown as Parameters<
      typeof lane.offer
    >[0]
    lane.offer(metrics)
    lane.offer(metrics)
    await lane.close()
    expect(sends).toBe(1)
    expect(lane.status()).toMatchObject({ accepted: 2, delivered: 0, dropped: { shutdown: 2 } })
  })
})
