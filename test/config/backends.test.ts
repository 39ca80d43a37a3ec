import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinBackends } from '../../src/backends/registry.ts'
import { isTelemetryError } from '../../src/errors.ts'
import { backendOf, problemOf, problemsOf, resolve } from './support.ts'

const known = Object.keys(builtinBackends).join(', ')

const named = (list: string, env: Record<string, string> = {}): string[] =>
  resolve({ TELEMETRY_BACKENDS: list, ...env }).backends.map(({ type, name }) => `${type}:${name}`)
const listProblem = (list: string): string => problemOf({ TELEMETRY_BACKENDS: list })
const mine = { deliver: () => Promise.resolve({ kind: 'delivered' }) }

describe('the list of backends', () => {
  it('takes any subset in any order, whatever the spaces, case and repetitions', () => {
    expect(named(' Console ,OTLP, console,, otlp : Collector ,')).toEqual([
      'console:console',
      'otlp:otlp',
      'otlp:collector',
    ])
    expect(named('memory,memory:other,otlp:a-b')).toEqual(['memory:memory', 'memory:other', 'otlp:a-b'])
  })

  it.each([
    ['grafna', '"grafna" is not a backend. Did you mean "grafana"?'],
    ['logfier', '"logfier" is not a backend. Did you mean "logfire"?'],
    ['nonne', '"nonne" is not a backend. Did you mean "none"?'],
    [',', '"," names no backend. Write names separated by commas, or "none".'],
    ['kafka', `"kafka" is not a backend. Take some of ${known}, or none.`],
    ['constructor', `"constructor" is not a backend. Take some of ${known}, or none.`],
    ['__proto__', `"__proto__" is not a backend. Take some of ${known}, or none.`],
    ['./evil.js', `"./evil.js" is not a backend. Take some of ${known}, or none.`],
    ['none,console', '"none" stands beside other backends. Write "none" alone, or leave it out.'],
    ['otlp:a:b', '"otlp:a:b" has more than one ":". Write type:name.'],
    ['otlp:', '"" is no name for a backend. Take small letters and digits, with - between them.'],
    ['otlp:a.b', '"a.b" is no name for a backend. Take small letters and digits, with - between them.'],
    ['otlp:-a', '"-a" is no name for a backend. Take small letters and digits, with - between them.'],
    ['otlp:none', 'no backend can be named "none": "none" switches export off. Take another name.'],
    ['otlp:x,memory:x', 'two backends are named "x". Give one another name: memory:other.'],
    [
      'otlp:batch',
      'no backend can be named "batch": its variables would be called like TELEMETRY_BATCH_MAX_ITEMS. Take another name.',
    ],
    [
      'otlp:a,otlp:a-traces',
      '"a" and "a-traces" would both read TELEMETRY_A_TRACES_TIMEOUT. Take another name for one of them.',
    ],
  ])('names what is wrong with %j', (list, expected) => {
    expect(listProblem(list)).toBe(`TELEMETRY_BACKENDS: ${expected}`)
  })

  it.each(['queue', 'log', 'propagate', 'shutdown'])('keeps %s for the general variables', (name) => {
    expect(listProblem(`otlp:${name}`)).toContain('its variables would be called like TELEMETRY_')
  })

  it('refuses two names with the same variables', () => {
    const code = {
      backends: [
        { type: 'otlp', name: 'a-b' },
        { name: 'a-b', backend: mine },
      ],
    }
    expect(problemOf({}, code)).toMatch(/^startTelemetry\(\{ backends\[1\] \}\): two backends are named "a-b"\./)
  })

  it('never throws anything but its own error, for any text', () => {
    const word = fc.oneof(
      fc.constantFrom(...Object.keys(builtinBackends), 'none', ':', ',', ' '),
      fc.string({ maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        try {
          const { backends } = resolve({ TELEMETRY_BACKENDS: words.join(',') })
          expect(new Set(backends.map(({ name }) => name)).size).toBe(backends.length)
        } catch (error) {
          expect(isTelemetryError(error) && error.code).toBe('ERR_CONFIG_INVALID')
        }
      }),
      { numRuns: 60 },
    )
  })

  it('comes back as it was written, for valid names', () => {
    const name = fc.stringMatching(/^x[a-z0-9]{0,8}$/)
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), (names) => {
        const list = names.map((each) => `memory:${each}`)
        expect(named(list.join(' , ').toUpperCase())).toEqual(list)
      }),
      { numRuns: 40 },
    )
  })
})

describe('an instance', () => {
  it('reads its own variables, and the type’s only where it is named like its type', () => {
    const config = resolve({
      TELEMETRY_BACKENDS: 'otlp,otlp:eu-west',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:1000',
      OTEL_EXPORTER_OTLP_TIMEOUT: '7000',
      TELEMETRY_EU_WEST_ENDPOINT: 'https://eu.acme.test',
      TELEMETRY_EU_WEST_SIGNALS: 'Logs',
      TELEMETRY_EU_WEST_MIN_LEVEL: 'warn',
      TELEMETRY_EU_WEST_TIMEOUT: '2s',
      TELEMETRY_EU_WEST_COMPRESSION: 'none',
      TELEMETRY_EU_WEST_EXPORTER: 'official',
    })
    expect(backendOf(config, 'otlp')).toMatchObject({
      options: { endpoint: 'http://localhost:1000/' },
      signals: ['traces', 'logs', 'metrics'],
      minLevel: undefined,
      sample: 1,
      timeoutMs: 7_000,
      compression: 'gzip',
      exporter: 'own',
    })
    expect(backendOf(config, 'eu-west')).toMatchObject({
      options: { endpoint: 'https://eu.acme.test/' },
      signals: ['logs'],
      minLevel: 'warn',
      sample: 1,
      timeoutMs: 2_000,
      compression: 'none',
      exporter: 'official',
    })
  })

  it('prefers its own variable over that of its type, and what stands beside its name over both', () => {
    const env = { TELEMETRY_OTLP_ENDPOINT: 'http://localhost:2', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:1' }
    expect(backendOf(resolve({ ...env, TELEMETRY_BACKENDS: 'otlp' }), 'otlp').options['endpoint']).toBe(
      'http://localhost:2/',
    )
    const config = resolve(env, { backends: [{ type: 'otlp', endpoint: 'http://localhost:3' }] })
    expect(backendOf(config, 'otlp').options['endpoint']).toBe('http://localhost:3/')
  })

  it('of the application’s own takes the common options', () => {
    const code = { backends: [{ name: 'mine', backend: mine, signals: ['logs'], timeoutMs: 50 }] }
    expect(backendOf(resolve({ TELEMETRY_MINE_MIN_LEVEL: 'error' }, code), 'mine')).toMatchObject({
      type: 'custom',
      options: mine,
      signals: ['logs'],
      minLevel: 'error',
      sample: 1,
      timeoutMs: 50,
    })
  })

  it.each([
    [
      { type: 'otlp', endpiont: 'x' },
      /backends\[0\]\.endpiont \}\): there is no such option\. Did you mean "endpoint"\?$/,
    ],
    [
      { type: 'otlp', signals: ['profiles'] },
      /backends\[0\]\.signals \}\): the list has an item "profiles" that is not one of traces, logs, metrics/,
    ],
    [{ type: 'otlp', signals: [] }, /backends\[0\]\.signals \}\): the list names no signal/],
    [{ type: 'otlp', name: 5 }, /backends\[0\]\.name \}\): the backend has no "name" that is text/],
    [{ name: 'x' }, /backends\[0\]\.type \}\): the backend has no "type" that is text/],
    [{ name: 'x', backend: {} }, /backends\[0\]\.backend \}\): the object has no "deliver" function/],
    [{ backend: mine }, /backends\[0\]\.name \}\): the backend has no name/],
    [{ name: 'Mine', backend: mine }, /backends\[0\] \}\): "Mine" is no name for a backend/],
    [7, /backends\[0\] \}\): 7 is not a backend/],
  ])('that is wrong is named by its place in code: %j', (backend, expected) => {
    expect(problemOf({}, { backends: [backend] })).toMatch(expected)
  })

  it('is checked together with all others', () => {
    const env = {
      TELEMETRY_BACKENDS: 'otlp:a,otlp:b,logfire',
      TELEMETRY_A_TIMEOUT: 'x',
      TELEMETRY_B_SIGNALS: 'all',
      LOGFIRE_TOKEN: '',
    }
    expect(problemsOf(env).map(({ source }) => source)).toEqual([
      'TELEMETRY_A_TIMEOUT',
      'TELEMETRY_B_SIGNALS',
      'LOGFIRE_TOKEN',
    ])
  })

  it('may take as long as its slowest signal', () => {
    const config = resolve({ TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '30000' })
    expect(backendOf(config, 'otlp').timeoutMs).toBe(30_000)
  })
})

describe('variables that nobody reads', () => {
  it.each([
    [
      { TELEMETRY_BACKEND: 'console' },
      'TELEMETRY_BACKEND: nobody reads this variable. Did you mean TELEMETRY_BACKENDS?',
    ],
    [
      { TELEMETRY_LOG_LEVLE: 'info' },
      'TELEMETRY_LOG_LEVLE: nobody reads this variable. Did you mean TELEMETRY_LOG_LEVEL?',
    ],
    [
      { TELEMETRY_BACKENDS: 'otlp:collector', TELEMETRY_COLECTOR_ENDPOINT: 'x' },
      'TELEMETRY_COLECTOR_ENDPOINT: nobody reads this variable. Did you mean TELEMETRY_COLLECTOR_ENDPOINT?',
    ],
    [
      { TELEMETRY_BACKENDS: 'otlp:collector', TELEMETRY_COLLECTOR_ENDPIONT: 'x' },
      'TELEMETRY_COLLECTOR_ENDPIONT: nobody reads this variable. Did you mean TELEMETRY_COLLECTOR_ENDPOINT?',
    ],
    [
      { TELEMETRY_BACKENDS: 'logfire', LOGFIRE_TOKN: 'x' },
      'LOGFIRE_TOKEN: is not set, and the backend "logfire" needs it. LOGFIRE_TOKN is set: did you mean LOGFIRE_TOKEN?',
    ],
  ])('are problems where another was meant: %j', (env, expected) => {
    expect(problemOf(env)).toBe(expected)
  })

  it.each([
    [
      { TELEMETRY_BACKENDS: 'console', TELEMETRY_CONSOLE_DROP_ATTRIBUTES: 'user.email' },
      'TELEMETRY_CONSOLE_DROP_ATTRIBUTES: nobody reads this variable. The backend "console" has no such option.',
    ],
    [
      { TELEMETRY_BACKENDS: 'otlp:two', TELEMETRY_TWO_API_KEY: 'x' },
      'TELEMETRY_TWO_API_KEY: nobody reads this variable. The backend "two" has no such option.',
    ],
  ])('are said where a backend has no such option: %j', (env, expected) => {
    expect(resolve(env).warnings).toEqual([expected])
  })

  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
  it.each([
    [
      { TELEMETRY_BACKENDS: 'otlp:collector', ...endpoint },
      [
        'OTEL_EXPORTER_OTLP_ENDPOINT: the backend "collector" does not read this variable. Set TELEMETRY_COLLECTOR_ENDPOINT, or write "otlp" in place of "otlp:collector".',
      ],
    ],
    [{ TELEMETRY_BACKENDS: 'otlp:collector', TELEMETRY_COLLECTOR_ENDPOINT: 'http://localhost:1', ...endpoint }, []],
    [{ TELEMETRY_BACKENDS: 'otlp,otlp:collector', ...endpoint }, []],
    [{ TELEMETRY_BACKENDS: 'memory:x', ...endpoint }, []],
  ])('are said where they are of the type of a backend of another name: %j', (env, expected) => {
    expect(resolve(env).warnings).toEqual(expected)
  })

  it.each([
    { TELEMETRY_GRAFANA_MIN_LEVEL: 'x', TELEMETRY_CONSOLE_FORMAT: 'x' },
    { TELEMETRY_COLLECTOR_ENDPOINT: 'x', TELEMETRY_EU_API_KEY: 'x' },
    { TELEMETRY_BACKENDS: 'otlp:shard1', TELEMETRY_SHARD2_ENDPOINT: 'x' },
    { GRAFANA_CLOUD_API_KEY: 'x', OTEL_EXPORTER_OTLP_HEADERS: '%' },
  ])('wait in silence where they are of a backend that is off: %j', (env) => {
    expect(resolve(env).warnings).toEqual([])
  })

  it('are said where they may be somebody else’s', () => {
    expect(resolve({ TELEMETRY_OPT_OUT: '1', TELEMETRY_BACKENDS: 'none', TELEMETRY_BACKEND: 'x' }).warnings).toEqual([
      'TELEMETRY_OPT_OUT: nobody reads this variable.',
      'TELEMETRY_BACKEND: nobody reads this variable.',
    ])
  })
})
