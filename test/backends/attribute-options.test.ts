import { describe, expect, it } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { errorOf } from '../config/support.ts'
import { connected, sinkForTest } from '../support/resolved-backend.ts'
import { logBatch, traceBatch } from '../../src/pipeline/batch.ts'
import { recordOf, spanOf } from '../support/telemetry-items.ts'

const never = new AbortController().signal
const attributes = { 'user.email': 'ann@acme.test', 'user.id': 'u1', 'tenant.id': 't1', count: 3, 'user.roles': ['a'] }

async function deliverBoth(backend: Backend): Promise<void> {
  expect(await backend.deliver(traceBatch([spanOf('work', attributes)], 1), never)).toEqual({ kind: 'delivered' })
  expect(await backend.deliver(logBatch([{ ...recordOf('said'), attributes }], 1), never)).toEqual({
    kind: 'delivered',
  })
}

describe.each([
  ['otlp', (url: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url })],
  ['logfire', (url: string) => ({ LOGFIRE_TOKEN: 'pylf_v1_us_x', LOGFIRE_BASE_URL: url })],
  [
    'grafana',
    (url: string) => ({
      GRAFANA_CLOUD_OTLP_ENDPOINT: `${url}/otlp`,
      GRAFANA_CLOUD_INSTANCE_ID: '1',
      GRAFANA_CLOUD_API_KEY: 'glc_x',
    }),
  ],
] as const)('%s', (name, env) => {
  const variable = (rest: string): string => `TELEMETRY_${name.toUpperCase()}_${rest}`

  it('does not get the attributes it is not to have, wherever they are', async () => {
    const sink = await sinkForTest()
    const given = { TELEMETRY_BACKENDS: name, ...env(sink.url), [variable('DROP_ATTRIBUTES')]: 'user.*,service.name' }
    await deliverBoth(connected(name, given))
    for (const item of [...sink.spans(), ...sink.logRecords()]) {
      expect(item.attributes).toMatchObject({ 'tenant.id': 't1', count: 3 })
      expect(Object.keys(item.attributes).filter((key) => key.startsWith('user.'))).toEqual([])
      expect(item.resource).toEqual({})
    }
  })

  it('gets as a hash what it is to have so: the same for the same, another with another key', async () => {
    const sink = await sinkForTest()
    const given = (key: string): Record<string, string> => ({
      TELEMETRY_BACKENDS: name,
      ...env(sink.url),
      [variable('HASH_ATTRIBUTES')]: 'user.email,user.roles',
      [variable('HASH_KEY')]: key,
    })
    await deliverBoth(connected(name, given('one')))
    await deliverBoth(connected(name, given('one')))
    await deliverBoth(connected(name, given('two')))
    const hashes = [...sink.spans(), ...sink.logRecords()].map((item) => item.attributes['user.email'])
    expect(hashes.every((hash) => /^[0-9a-f]{32}$/.test(String(hash)))).toBe(true)
    expect(new Set(hashes).size).toBe(2)
    expect([sink.spans()[0]?.attributes['user.id'], sink.spans()[0]?.attributes['user.roles']]).toEqual([
      'u1',
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ])
  })
})

it('needs a key to hash with, and names that can be some', () => {
  const env = {
    TELEMETRY_BACKENDS: 'otlp',
    TELEMETRY_OTLP_HASH_ATTRIBUTES: 'user.email',
    TELEMETRY_OTLP_DROP_ATTRIBUTES: 'a b',
  }
  expect(errorOf(env).message).toMatch(/TELEMETRY_OTLP_DROP_ATTRIBUTES: .*"a b".* is no name of an attribute/)
  expect(errorOf({ ...env, TELEMETRY_OTLP_DROP_ATTRIBUTES: '' }).message).toMatch(/TELEMETRY_OTLP_HASH_KEY: is not set/)
})

it('is not quietly left undone by the official exporters', async () => {
  const sink = await sinkForTest()
  const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, TELEMETRY_OTLP_EXPORTER: 'official' }
  expect(() => connected('otlp', { ...env, TELEMETRY_OTLP_DROP_ATTRIBUTES: 'user.email' })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
  )
})
