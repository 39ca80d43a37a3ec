import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { currentTenant, operation, type TelemetryConfig, withTenant } from '../../src/index.ts'
import { type Bosses, bosses, fast } from './apps/queue-boss.ts'
import { record, type Recording, tampered, tenantKey, tenantOf } from './apps/queue-kit.ts'

let all: Bosses
let recording: Recording

beforeAll(async () => {
  all = await bosses()
})

afterEach(async () => {
  await all.stopAll()
  await recording.stop()
})

afterAll(() => all?.close())

const signed: TelemetryConfig = { propagation: { tenantKeys: tenantKey } }

/** The attempt at a job of acme whose stored envelope somebody changed, and what its handler saw. */
async function attemptWith(
  change: (envelope: Record<string, string>, other: Record<string, string>) => unknown,
): Promise<{ span: ReadableSpan; seen: unknown }> {
  const boss = await all.start(['notes', 'others'])
  const seen: unknown[] = []
  const stored = async (queue: string): Promise<Record<string, string>> => {
    const [row] = await all.sql<{ trace_context: Record<string, string> }>(
      'select trace_context from pgboss.job where name = $1',
      [queue],
    )
    return row?.trace_context ?? {}
  }
  await withTenant(tenantOf('acme'), () => operation('write', 'write', () => boss.send('notes', {})))
  await withTenant(tenantOf('bolt'), () => operation('write', 'write', () => boss.send('others', {})))
  const envelope = change(await stored('notes'), await stored('others'))
  await all.sql(`update pgboss.job set trace_context = $1 where name = 'notes'`, [JSON.stringify(envelope)])
  await boss.work('notes', fast, async () => {
    seen.push(currentTenant()?.['tenant.id'])
    await operation('inside', 'inside', () => Promise.resolve())
  })
  const [span] = (await recording.untilNamed('process notes', 1)) as [ReadableSpan]
  expect(seen).toHaveLength(1)
  expect(recording.one('inside').attributes['tenant.id']).toBe(seen[0])
  expect(span.attributes['tenant.id']).toBe(seen[0])
  return { span, seen: seen[0] }
}

describe('an envelope in the job table', () => {
  it('is believed as it was stored, at an edge too', async () => {
    recording = record({ propagation: { tenantKeys: tenantKey, edge: true } })
    expect(await attemptWith((envelope) => envelope)).toMatchObject({ seen: 'acme' })
    expect(recording.counters()).toEqual({})
  })

  it.each(tampered)('is ignored and counted where it is $title', async ({ change, counter }) => {
    recording = record(signed)
    const { seen, span } = await attemptWith(change)
    expect(seen).toBeUndefined()
    expect(Object.keys(span.attributes).filter((key) => /^(tenant|user)\./.test(key))).toEqual([])
    expect(recording.counters()).toMatchObject({ [counter]: 1 })
  })

  it.each<[string, unknown]>([
    ['a number', 7],
    ['a list', ['tenant.id=acme']],
    ['empty', {}],
    ['of numbers', { traceparent: 1, baggage: 2 }],
    ['a megabyte', { baggage: `tenant.id=acme,x=${'y'.repeat(1_000_000)}` }],
  ])('is ignored where it is %s', async (_, rubbish) => {
    recording = record(signed)
    const { seen, span } = await attemptWith(() => rubbish)
    expect([seen, span.parentSpanContext, span.links]).toEqual([undefined, undefined, []])
    expect(recording.counters()['queue_telemetry_failed']).toBeUndefined()
  })

  it('copied whole to another job brings its tenant and its trace with it', async () => {
    recording = record(signed)
    const { seen, span } = await attemptWith((_, other) => other)
    expect(seen).toBe('bolt')
    expect(span.parentSpanContext?.spanId).toBe(recording.one('send others').spanContext().spanId)
  })
})
