import { describe, expect, it, vi } from 'vitest'
import { logfireBackend } from '../../src/backends/logfire.ts'
import { otlpHttp } from '../../src/backends/otlp-http.ts'
import { Secret } from '../../src/config/secret.ts'
import { backendOf, problemOf, resolve } from '../config/support.ts'
import { connected, sinkForTest } from '../support/resolved-backend.ts'
import { logsOf, tracesOf } from '../support/telemetry-items.ts'

vi.mock('../../src/backends/otlp-http.ts', { spy: true })

const never = new AbortController().signal
const token = 'pylf_v1_eu_0123456789abcdef'
const env = (more: Record<string, string> = {}): Record<string, string> => ({
  TELEMETRY_BACKENDS: 'logfire',
  LOGFIRE_TOKEN: token,
  ...more,
})

describe('logfire', () => {
  it('delivers both signals with the token as it is', async () => {
    const sink = await sinkForTest()
    const backend = connected('logfire', env({ LOGFIRE_BASE_URL: `${sink.url}/prefix/` }))
    expect(await backend.deliver(tracesOf('span'), never)).toEqual({ kind: 'delivered' })
    expect(await backend.deliver(logsOf('record'), never)).toEqual({ kind: 'delivered' })
    expect(sink.requests.map(({ path, headers }) => [path, headers['authorization']])).toEqual([
      ['/prefix/v1/traces', token],
      ['/prefix/v1/logs', token],
    ])
  })

  it.each([
    ['pylf_v1_us_abc', 'https://logfire-us.pydantic.dev'],
    ['pylf_v1_eu_abc', 'https://logfire-eu.pydantic.dev'],
    ['pylf_v12_stagingus_abc', 'https://logfire-us.pydantic.info'],
    ['pylf_v2_stagingeu_0b1a2c3d-0000-4000-8000-0123456789ab_abc', 'https://logfire-eu.pydantic.info'],
    ['anOldTokenWithoutRegion', 'https://logfire-us.pydantic.dev'],
  ])('sends a token %s to %s', (given, base) => {
    const options = backendOf(resolve(env({ LOGFIRE_TOKEN: given })), 'logfire').options
    expect(String(options['token'])).toBe('***')
    void logfireBackend
      .connect(
        {
          token: new Secret(given),
          baseUrl: undefined,
          dropAttributes: undefined,
          hashAttributes: undefined,
          hashKey: undefined,
          pendingSpans: true,
        },
        { name: 'logfire', timeoutMs: 1, compression: 'gzip', exporter: 'own' },
      )
      .close?.()
    expect(vi.mocked(otlpHttp).mock.lastCall?.[0].endpoints).toEqual({
      traces: `${base}/v1/traces`,
      logs: `${base}/v1/logs`,
    })
  })

  it('refuses a region that does not exist, unless a base URL wins over it', () => {
    const mars = env({ LOGFIRE_TOKEN: 'pylf_v1_mars_topsecret' })
    expect(problemOf(mars)).toBe(
      'LOGFIRE_TOKEN: *** is of a region that does not exist, "mars". Known are us, eu, stagingus, stagingeu; for another Logfire set LOGFIRE_BASE_URL.',
    )
    expect(problemOf(env({ LOGFIRE_TOKEN: 'pylf_v1_constructor_topsecret' }))).toContain('does not exist')
    expect(resolve({ ...mars, LOGFIRE_BASE_URL: 'https://logfire.acme.test' }).backends).toHaveLength(1)
  })

  it.each([
    [{ LOGFIRE_TOKEN: '' }, /^LOGFIRE_TOKEN: is not set, and the backend "logfire" needs it/],
    [{ LOGFIRE_TOKEN: `Bearer ${token}` }, /^LOGFIRE_TOKEN: \*\*\* begins with Bearer\. Give the token alone\.$/],
    [{ LOGFIRE_TOKEN: 'two words' }, /^LOGFIRE_TOKEN: \*\*\* has characters that no token has/],
    [{ LOGFIRE_BASE_URL: 'https://logfire-eu.pydantic.dev/v1/traces' }, /^LOGFIRE_BASE_URL: .* ends in \/v1\/traces/],
    [{ TELEMETRY_BACKENDS: 'logfire,logfire:staging' }, /^TELEMETRY_STAGING_TOKEN: is not set/],
  ])('says what is wrong: %j', (more, expected) => {
    expect(problemOf(env(more as Record<string, string>))).toMatch(expected)
  })
})
