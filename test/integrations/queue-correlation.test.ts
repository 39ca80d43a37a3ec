import { describe, expect, it } from 'vitest'
import { bullmqTelemetry } from '../../src/integrations/bullmq.ts'
import { pgBossTelemetry } from '../../src/integrations/pg-boss.ts'
import { linkReason, waitSince } from '../../src/integrations/queues/correlation.ts'
import { describe as describeError } from '../../src/integrations/common/failure.ts'

describe('linkReason', () => {
  const first = { isRetry: false, isRepeat: false, waitMs: 0 }
  it.each([
    ['auto', first, undefined],
    ['auto', { ...first, waitMs: 10_000 }, undefined],
    ['auto', { ...first, waitMs: 10_001 }, 'delay'],
    ['auto', { ...first, waitMs: undefined }, 'delay'],
    ['auto', { ...first, isRetry: true }, 'retry'],
    ['auto', { ...first, isRepeat: true }, 'repeat'],
    ['parent', { isRetry: true, isRepeat: true, waitMs: undefined }, undefined],
    ['link', first, 'configured'],
    ['link', { ...first, waitMs: 10_001 }, 'delay'],
    ['link', { ...first, isRetry: true, isRepeat: true }, 'retry'],
  ] as const)('under %s, of %j, is %s', (correlation, circumstances, reason) => {
    expect(linkReason({ correlation, parentMaxDelayMs: 10_000 }, circumstances)).toBe(reason)
  })

  it('takes a clock that is behind the sender’s for no wait', () => {
    expect([waitSince(1_000, 900), waitSince(1_000, 1_500), waitSince(undefined, 1)]).toEqual([0, 500, undefined])
  })
})

describe.each([
  { make: bullmqTelemetry, system: 'bullmq' },
  { make: pgBossTelemetry, system: 'pg-boss' },
])('the telemetry of $system', ({ make, system }) => {
  it('refuses options that make no sense, all at once', () => {
    expect(() => make({ correlation: 'sibling' as 'link', parentMaxDelayMs: Number.NaN })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTIONS_INVALID',
        message: `the telemetry options of ${system} are wrong: correlation: "sibling" is none of auto, parent, link; parentMaxDelayMs: NaN is not a number from 0 on`,
      }),
    )
  })
})

describe('the description of an error', () => {
  it.each<[string, unknown, object]>([
    ['text', 'no', { name: '_OTHER', message: 'no', stack: '' }],
    ['nothing', undefined, { name: '_OTHER', message: 'undefined', stack: '' }],
    ['an object with a name', { name: 'Oops', message: 'm' }, { name: 'Oops' }],
    ['a class of its own', new (class NoteError extends Error {})('m'), { name: 'NoteError', message: 'm' }],
    ['a name of its own', Object.assign(new Error('m'), { name: 'Named' }), { name: 'Named' }],
  ])('has type, message and stack of %s', (_, error, expected) => {
    expect(describeError(error)).toMatchObject(expected)
  })

  it('ends, where an error is its own cause or one of very many', () => {
    const loop = new Error('loop')
    loop.cause = loop
    const ring = [new Error('a'), new Error('b')] as const
    ring[0].cause = ring[1]
    ring[1].cause = ring[0]
    expect(describeError(loop).stack.split('caused by: ')).toHaveLength(1)
    expect(describeError(ring[0]).stack.split('caused by: ')).toHaveLength(5)
  })
})
