import { randomUUID } from 'node:crypto'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { currentTenant, operation, type TelemetryConfig, withTenant } from '../../src/index.ts'
import { type Bulls, bulls, redisClient } from '../integrations/apps/queue-bull.ts'
import { record, type Recording, tampered, tenantKey, tenantOf } from '../integrations/apps/queue-kit.ts'

let all: Bulls
let recording: Recording

beforeAll(async () => {
  all = await bulls()
})

afterEach(async () => {
  await all.closeAll()
  await recording.stop()
})

afterAll(() => all?.stop())

const signed: TelemetryConfig = { propagation: { tenantKeys: tenantKey } }

/** The attempts at a job of acme whose stored envelope somebody changed, and what its handler saw. */
async function attemptsWith(
  change: (own: string, other: string) => unknown,
  attempts = 1,
): Promise<{ spans: ReadableSpan[]; seen: unknown[]; stored: unknown; name: string }> {
  const name = `notes-${randomUUID().slice(0, 8)}`
  const queue = all.queue(name)
  const redis = await redisClient(all.port)
  const options = async (id: string | undefined): Promise<Record<string, unknown>> =>
    JSON.parse((await redis.hget(`bull:${name}:${id}`, 'opts')) ?? '{}') as Record<string, unknown>
  const add = (of: string) =>
    withTenant(tenantOf(of), () =>
      operation('write', 'write', () => queue.add('index', { of }, { attempts, removeOnFail: false })),
    )
  const [own, other] = [await add('acme'), await add('bolt')]
  const [ownOptions, otherOptions] = [await options(own.id), await options(other.id)]
  const tm = change(String(ownOptions['tm']), String(otherOptions['tm']))
  await redis.hset(`bull:${name}:${own.id}`, 'opts', JSON.stringify({ ...ownOptions, tm }))
  await other.remove()
  const seen: unknown[] = []
  all.worker(name, async () => {
    seen.push(currentTenant()?.['tenant.id'])
    await operation('inside', 'inside', () => Promise.resolve())
    if (attempts > 1) throw new Error('again')
  })
  const spans = await recording.untilNamed(`process ${name}`, attempts)
  const tenants = (all: readonly ReadableSpan[]): unknown[] => all.map(({ attributes }) => attributes['tenant.id'])
  expect(seen).toHaveLength(attempts)
  expect([tenants(spans), tenants(recording.named('inside'))]).toEqual([seen, seen])
  const stored = await redis.hgetall(`bull:${name}:${own.id}`)
  redis.disconnect()
  return { spans, seen, stored, name }
}

const onFields =
  (change: (own: Record<string, string>, other: Record<string, string>) => unknown) =>
  (own: string, other: string): string =>
    JSON.stringify(change(JSON.parse(own) as Record<string, string>, JSON.parse(other) as Record<string, string>))

describe('an envelope in Redis', () => {
  it('is believed as it was stored, at an edge too, at each attempt', async () => {
    recording = record({ propagation: { tenantKeys: tenantKey, edge: true } })
    expect(await attemptsWith((own) => own, 3)).toMatchObject({ seen: ['acme', 'acme', 'acme'] })
    expect(recording.counters()).toEqual({})
  })

  it.each(tampered)('is ignored and counted where it is $title, at each attempt', async ({ change, counter }) => {
    recording = record(signed)
    const { seen, spans } = await attemptsWith(onFields(change), 2)
    expect(seen).toEqual([undefined, undefined])
    for (const { attributes } of spans) {
      expect(Object.keys(attributes).filter((key) => /^(tenant|user)\./.test(key))).toEqual([])
    }
    expect(recording.counters()).toMatchObject({ [counter]: 2 })
  })

  it.each<[string, unknown, string]>([
    ['no JSON', 'tenant.id=acme', 'job_envelope_ignored_malformed'],
    ['a number', '7', 'job_envelope_ignored_malformed'],
    ['a list', '["tenant.id=acme"]', 'job_envelope_ignored_malformed'],
    ['of numbers', '{"traceparent":1,"baggage":2}', 'job_envelope_ignored_malformed'],
    ['a megabyte', JSON.stringify({ baggage: 'y'.repeat(1_000_000) }), 'job_envelope_ignored_too_large'],
    ['no text', { traceparent: 1 }, 'job_envelope_ignored_malformed'],
  ])('is ignored and counted where it is %s', async (_, rubbish, counter) => {
    recording = record(signed)
    const { seen, spans } = await attemptsWith(() => rubbish)
    expect([seen, spans[0]?.parentSpanContext, spans[0]?.links]).toEqual([[undefined], undefined, []])
    expect(recording.counters()[counter]).toBeGreaterThan(0)
    expect(recording.counters()['queue_telemetry_failed']).toBeUndefined()
  })

  it('copied whole to another job brings its tenant and its trace with it', async () => {
    recording = record(signed)
    const { seen, spans, name } = await attemptsWith((_, other) => other)
    expect(seen).toEqual(['bolt'])
    const [, otherSend] = recording.named(`send ${name}`)
    expect(spans[0]?.parentSpanContext?.spanId).toBe(otherSend?.spanContext().spanId)
  })
})
