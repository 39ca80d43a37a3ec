import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { backendOf, problemOf, problemsOf, resolve } from './support.ts'

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

const namesOf = (config: ReturnType<typeof resolve>): string[] =>
  config.backends.map(({ type, name }) => `${type}:${name}`)

describe('defaults', () => {
  it('hold where nothing is set', () => {
    const { resource, ...config } = resolve()
    expect(config).toEqual({
      disabled: false,
      diagnosticLevel: 'warn',
      backends: [],
      backendsDefaulted: true,
      sampler: { name: 'parentbased_always_on', ratio: 1 },
      propagators: ['tracecontext', 'baggage'],
      propagation: {
        to: ['loopback', '*.internal', '*.flycast'],
        keys: [
          'tenant.id',
          'tenant.app_name',
          'user.id',
          'workos.user.id',
          'user.email',
          'operation.type',
          'workflow.id',
          'job.id',
          'request.id',
        ],
        edge: false,
        tenantKeys: [],
        tenantTtlMs: 300_000,
        jobTtlMs: 604_800_000,
      },
      instrumentations: { names: 'auto' },
      http: { ignorePaths: [], peerServices: {}, flyApiUrl: undefined },
      logRecordLimits: { attributeCount: 128, attributeValueLength: Infinity },
      metrics: { enabled: true, intervalMs: 60_000 },
      redaction: { keys: [], safeKeys: [], patterns: {} },
      logging: { level: 'info', redact: [], stdout: undefined },
      batch: {
        traces: { maxItems: 512, maxBytes: 1_048_576, maxAgeMs: 1_000 },
        logs: { maxItems: 512, maxBytes: 1_048_576, maxAgeMs: 1_000 },
      },
      queue: { maxItems: 65_536, maxBytes: 33_554_432 },
      spool: { mode: 'on-failure', dir: expect.stringMatching(/spool$/), maxBytes: 268_435_456 },
      shutdownTimeoutMs: 3_000,
      warnings: [],
    })
    expect(resource['service.name']).toBe('signalbox')
  })

  it('draw in a terminal, and export nothing elsewhere', () => {
    expect(namesOf(resolve({}, undefined, { isTerminal: true }))).toEqual(['console:console'])
    expect(resolve({ TELEMETRY_BACKENDS: ' ' }, undefined, { isTerminal: true }).backendsDefaulted).toBe(true)
    expect(namesOf(resolve({}))).toEqual([])
    const none = resolve({ TELEMETRY_BACKENDS: 'None' }, undefined, { isTerminal: true })
    expect([none.backends, none.backendsDefaulted]).toEqual([[], false])
  })

  it('hold for empty variables too', () => {
    const env = {
      TELEMETRY_QUEUE_MAX_ITEMS: '',
      OTEL_TRACES_SAMPLER: '  ',
      TELEMETRY_CONFIG: '',
      OTEL_CONFIG_FILE: '',
      TELEMETRY_NOBODY: '',
    }
    expect({ ...resolve(env), resource: {} }).toEqual({ ...resolve(), resource: {} })
  })
})

describe('the environment', () => {
  it('is read into every setting', () => {
    const config = resolve({
      OTEL_SDK_DISABLED: 'TRUE',
      OTEL_LOG_LEVEL: 'verbose',
      TELEMETRY_BACKENDS: 'none',
      TELEMETRY_PROPAGATE_TO: 'api.acme.test, *.acme.internal,[::1],10.0.0.7',
      TELEMETRY_PROPAGATE_KEYS: 'order.id,tenant.id',
      TELEMETRY_EDGE: 'yes',
      TELEMETRY_INSTRUMENTATIONS: 'http, @opentelemetry/instrumentation-pg,PINO',
      TELEMETRY_LOG_LEVEL: 'Debug',
      TELEMETRY_LOG_REDACT: 'card.number,*.pin',
      TELEMETRY_LOG_STDOUT: '0',
      TELEMETRY_METRICS: 'false',
      TELEMETRY_METRICS_INTERVAL: '15s',
      TELEMETRY_REDACT_KEYS: 'pin,licenseKey',
      TELEMETRY_REDACT_SAFE_KEYS: 'page.*',
      TELEMETRY_REDACT_PATTERNS: 'order=ORD-[0-9]+',
      TELEMETRY_BATCH_MAX_ITEMS: '100',
      TELEMETRY_BATCH_MAX_BYTES: '512KiB',
      TELEMETRY_BATCH_MAX_AGE: '250ms',
      TELEMETRY_QUEUE_MAX_ITEMS: '1000',
      TELEMETRY_QUEUE_MAX_BYTES: '1.5MiB',
      TELEMETRY_SHUTDOWN_TIMEOUT: '2m',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_PROPAGATORS: 'b3,tracecontext',
      OTEL_BSP_SCHEDULE_DELAY: '9000',
    })
    expect(config).toMatchObject({
      disabled: true,
      diagnosticLevel: 'debug',
      propagation: { to: ['api.acme.test', '*.acme.internal', '[::1]', '10.0.0.7'], edge: true },
      instrumentations: { names: ['http', 'pg', 'pino'] },
      logging: { level: 'debug', redact: ['card.number', '*.pin'], stdout: false },
      metrics: { enabled: false, intervalMs: 15_000 },
      redaction: { keys: ['pin', 'licenseKey'], safeKeys: ['page.*'], patterns: { order: 'ORD-[0-9]+' } },
      batch: {
        traces: { maxItems: 100, maxBytes: 524_288, maxAgeMs: 250 },
        logs: { maxItems: 100, maxBytes: 524_288, maxAgeMs: 250 },
      },
      queue: { maxItems: 1_000, maxBytes: 1_572_864 },
      shutdownTimeoutMs: 120_000,
      sampler: { name: 'traceidratio', ratio: 0.25 },
      propagators: ['b3', 'tracecontext'],
      warnings: [],
    })
    expect(config.propagation.keys.filter((key) => key === 'tenant.id' || key === 'order.id')).toEqual([
      'tenant.id',
      'order.id',
    ])
  })

  it('gives a standard batch variable to its signal where ours is unset', () => {
    const { batch } = resolve({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '64', OTEL_BLRP_SCHEDULE_DELAY: '200' })
    expect([batch.traces.maxItems, batch.logs.maxItems]).toEqual([64, 512])
    expect([batch.traces.maxAgeMs, batch.logs.maxAgeMs]).toEqual([1_000, 200])
  })

  it('ignores what the OpenTelemetry specification has ignored, and says so', () => {
    const config = resolve({
      OTEL_SDK_DISABLED: '1',
      OTEL_TRACES_SAMPLER: 'alway_on',
      OTEL_TRACES_SAMPLER_ARG: '7',
      OTEL_PROPAGATORS: 'jaeger',
      OTEL_BSP_SCHEDULE_DELAY: '5s',
      OTEL_LOG_LEVEL: 'loud',
    })
    expect(config).toMatchObject({
      disabled: false,
      sampler: { name: 'parentbased_always_on', ratio: 1 },
      diagnosticLevel: 'warn',
    })
    expect(config.batch.traces.maxAgeMs).toBe(1_000)
    expect(config.warnings).toEqual([
      expect.stringMatching(/^OTEL_SDK_DISABLED: "1" is neither true nor false and is ignored\./),
      expect.stringMatching(/^OTEL_LOG_LEVEL: "loud" is not one of .* and is ignored\./),
      expect.stringMatching(/^OTEL_PROPAGATORS: "jaeger" .* is ignored\./),
      expect.stringMatching(/^OTEL_TRACES_SAMPLER: "alway_on" is not one of .* Did you mean "always_on"\?$/),
      expect.stringMatching(/^OTEL_TRACES_SAMPLER_ARG: "7" is not a number from 0 to 1 and is ignored\./),
      expect.stringMatching(/^OTEL_BSP_SCHEDULE_DELAY: "5s" .* OTEL_\* variables hold plain milliseconds/),
    ])
  })

  it('switches propagation of the tenant, instrumentations and header formats off with "none"', () => {
    const config = resolve({
      TELEMETRY_PROPAGATE_TO: 'none',
      TELEMETRY_INSTRUMENTATIONS: 'none',
      OTEL_PROPAGATORS: 'none',
    })
    expect([config.propagation.to, config.instrumentations.names, config.propagators]).toEqual([[], [], []])
  })
})

describe('sources', () => {
  it('win in the order code, file, environment', () => {
    const cwd = folderWith({
      'telemetry.yaml':
        'backends: [console]\nshutdownTimeoutMs: 2s\nqueue:\n  maxItems: 20\n  maxBytes: 2KiB\nlogging:\n',
    })
    const env = {
      TELEMETRY_CONFIG: 'telemetry.yaml',
      TELEMETRY_BACKENDS: 'memory',
      TELEMETRY_SHUTDOWN_TIMEOUT: '1s',
      TELEMETRY_QUEUE_MAX_ITEMS: '10',
      TELEMETRY_LOG_LEVEL: 'error',
    }
    const both = resolve(env, { queue: { maxItems: 30 } }, { cwd })
    expect([both.queue, both.shutdownTimeoutMs, both.logging.level]).toEqual([
      { maxItems: 30, maxBytes: 2_048 },
      2_000,
      'error',
    ])
    expect(namesOf(both)).toEqual(['console:console'])
    expect(namesOf(resolve(env, { backends: [] }, { cwd }))).toEqual([])
    expect(namesOf(resolve({ ...env, TELEMETRY_CONFIG: undefined }))).toEqual(['memory:memory'])
  })

  it('let the more exact path of a batch win within one source', () => {
    const { batch } = resolve({ TELEMETRY_BATCH_MAX_AGE: '9s' }, { batch: { logs: { maxItems: 7 }, maxItems: 5 } })
    expect(batch.traces).toEqual({ maxItems: 5, maxBytes: 1_048_576, maxAgeMs: 9_000 })
    expect(batch.logs).toEqual({ maxItems: 7, maxBytes: 1_048_576, maxAgeMs: 9_000 })
  })

  it('are all checked, also where a stronger one wins', () => {
    const cwd = folderWith({ 'a.yaml': 'shutdownTimeoutMs: later\nbackends: [consol]\n' })
    const env = { TELEMETRY_CONFIG: 'a.yaml', TELEMETRY_SHUTDOWN_TIMEOUT: 'soon', TELEMETRY_BACKENDS: 'grafna' }
    const problems = problemsOf(env, { shutdownTimeoutMs: -1, backends: ['memori'] }, { cwd })
    expect(problems.map(({ source, message }) => `${source}: ${message}`)).toEqual([
      'TELEMETRY_SHUTDOWN_TIMEOUT: "soon" is not a duration',
      'a.yaml: shutdownTimeoutMs: "later" is not a duration',
      'startTelemetry({ shutdownTimeoutMs }): -1 is less than 0ms',
      'TELEMETRY_BACKENDS: "grafna" is not a backend',
      'a.yaml: backends[0]: "consol" is not a backend',
      'startTelemetry({ backends[0] }): "memori" is not a backend',
    ])
  })

  it('know only their own keys, and guess what was meant', () => {
    const code = JSON.parse(
      '{"shutdownTimeout":1,"queue":{"maxitem":1},"constructor":{},"__proto__":{"a":1},"batch":3}',
    ) as unknown
    expect(problemsOf({}, code).map(({ source, hint }) => `${source} ${hint}`)).toEqual([
      'startTelemetry({ shutdownTimeout }) Did you mean "shutdownTimeoutMs"?',
      'startTelemetry({ queue.maxitem }) Did you mean "maxItems"?',
      expect.stringContaining('startTelemetry({ constructor }) Known are backends,'),
      expect.stringContaining('startTelemetry({ __proto__ }) Known are backends,'),
      'startTelemetry({ batch }) It holds logs, maxAgeMs, maxBytes, maxItems, traces.',
    ])
    expect(problemOf({}, 42)).toBe('startTelemetry(): 42 is not an object. Pass an object, or nothing.')
  })
})

describe('the result', () => {
  it('is frozen all the way down, but for what is not ours', () => {
    const backend = { deliver: () => Promise.resolve({ kind: 'delivered' }), own: { mutable: true } }
    const code = {
      backends: ['console', { name: 'mine', backend }],
      logging: { redact: ['a'] },
      resource: { team: 'a' },
    }
    const config = resolve({}, code)
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || value === backend || value instanceof Secret) return
      expect(Object.isFrozen(value)).toBe(true)
      Object.values(value).forEach(walk)
    }
    walk(config)
    expect(backendOf(config, 'mine').options).toBe(backend)
    expect([backend, backend.own, code, code.logging.redact, code.resource].some((each) => Object.isFrozen(each))).toBe(
      false,
    )
  })

  it('is the same for the same input, and leaves the defaults unfrozen for the next', () => {
    expect({ ...resolve({ TELEMETRY_BACKENDS: 'console' }) }).toEqual({ ...resolve({ TELEMETRY_BACKENDS: 'console' }) })
  })
})

describe('OTEL_CONFIG_FILE', () => {
  it('is refused beside backends and else not read, which is said', () => {
    expect(problemOf({ OTEL_CONFIG_FILE: 'otel.yaml', TELEMETRY_BACKENDS: 'console' })).toMatch(
      /^OTEL_CONFIG_FILE: it cannot stand beside TELEMETRY_BACKENDS: a declarative .* Unset OTEL_CONFIG_FILE, or /,
    )
    expect(resolve({ OTEL_CONFIG_FILE: 'otel.yaml' }).warnings).toEqual([
      expect.stringMatching(/^OTEL_CONFIG_FILE: it is not read/),
    ])
  })
})

describe('a configuration file', () => {
  it('is YAML or JSON of the same shape as code', () => {
    const json =
      '{ "backends": [{ "type": "otlp", "name": "c", "endpoint": "http://localhost:9", "timeoutMs": "5s" }], "sampler": { "ratio": 0.5 } }'
    const yaml =
      'backends:\n  - type: otlp\n    name: c\n    endpoint: http://localhost:9\n    timeoutMs: 5s\nsampler:\n  ratio: 0.5\n'
    const cwd = folderWith({ 'a.json': json, 'a.yaml': `\ufeff${yaml}`, 'a.YML': yaml })
    for (const file of ['a.json', 'a.yaml', 'a.YML', join(cwd, 'a.json')]) {
      const config = resolve({ TELEMETRY_CONFIG: file }, undefined, { cwd })
      expect(backendOf(config, 'c')).toMatchObject({
        type: 'otlp',
        timeoutMs: 5_000,
        options: { endpoint: 'http://localhost:9/' },
      })
      expect(config.sampler.ratio).toBe(0.5)
    }
  })

  it.each([
    [
      'a.yaml',
      'backends:\n  - console\n logging: {\n',
      /^a\.yaml:3:\d+: the file is not valid YAML \(.*\)\. See line 3, column \d+\.$/,
    ],
    ['a.yaml', 'apiKey: !secret glc_hidden\n', /^a\.yaml:1:9: the file is not valid YAML/],
    ['a.yaml', 'apiKey: *nowhere\n', /^a\.yaml/],
    [
      'a.json',
      '{\n  "backends": [glc_hidden]\n}',
      /^a\.json:2:\d+: the file is not valid JSON\. See line 2, column \d+\.$/,
    ],
    ['a.json', '{ "backends": [', /^a\.json:1:16: the file is not valid JSON/],
    ['a.yaml', '- console\n', /^a\.yaml: the file holds no object at its top\./],
    ['a.toml', 'x', /^TELEMETRY_CONFIG: "a\.toml" is neither YAML nor JSON\. Name a file in \.yaml, \.yml, \.json\.$/],
  ])('that is malformed is named with line and column, and not quoted: %s %j', (name, content, expected) => {
    const problems = problemsOf({ TELEMETRY_CONFIG: name }, undefined, { cwd: folderWith({ [name]: content }) })
    expect(`${problems[0]?.source}: ${problems[0]?.message}. ${problems[0]?.hint}`).toMatch(expected)
    expect(JSON.stringify(problems)).not.toContain('hidden')
  })

  it('that is not there is a problem; an empty one is not', () => {
    expect(problemOf({ TELEMETRY_CONFIG: 'nowhere.yaml' })).toMatch(
      /^TELEMETRY_CONFIG: "nowhere\.yaml" cannot be read \(ENOENT\)\./,
    )
    expect(problemOf({ TELEMETRY_CONFIG: 'd.yaml' }, undefined, { cwd: folderWith({ 'd.yaml': '1' }) })).toContain(
      'holds no object',
    )
    expect(
      resolve({ TELEMETRY_CONFIG: 'e.yaml' }, undefined, { cwd: folderWith({ 'e.yaml': '# nothing\n' }) }).backends,
    ).toEqual([])
  })

  it('cannot pass objects or load code', () => {
    const cwd = folderWith({ 'a.yaml': 'backends:\n  - name: mine\n    backend: ./mine.js\n' })
    expect(problemOf({ TELEMETRY_CONFIG: 'a.yaml' }, undefined, { cwd })).toMatch(
      /^a\.yaml: backends\[0\]\.backend: "\.\/mine\.js" has no "deliver" function/,
    )
  })
})

describe('a mistyped standard variable', () => {
  it.each([
    ['OTEL_SERVICE_NMAE', 'OTEL_SERVICE_NAME'],
    ['OTEL_EXPORTER_OTLP_HEADRS', 'OTEL_EXPORTER_OTLP_HEADERS'],
    ['LOGFIRE_TOKN', 'LOGFIRE_TOKEN'],
  ])('%s is a warning that names %s', (variable, meant) => {
    expect(resolve({ [variable]: 'x' }).warnings).toEqual([
      expect.stringContaining(`${variable}: nobody reads this variable. Did you mean ${meant}?`),
    ])
  })

  it.each([
    ['OTEL_TRACES_EXPORTER', 'none', 'TELEMETRY_BACKENDS'],
    ['OTEL_LOGS_EXPORTER', 'console', 'TELEMETRY_BACKENDS'],
    ['OTEL_METRICS_EXPORTER', 'none', 'TELEMETRY_METRICS'],
    ['OTEL_NODE_ENABLED_INSTRUMENTATIONS', 'http', 'TELEMETRY_INSTRUMENTATIONS'],
    ['OTEL_NODE_DISABLED_INSTRUMENTATIONS', 'fs', 'TELEMETRY_INSTRUMENTATIONS'],
  ])('are said where they are standard and told in another way here: %s=%s', (variable, value, instead) => {
    expect(resolve({ [variable]: value }).warnings).toEqual([
      expect.stringMatching(new RegExp(`^${variable}: this variable is not read\\..*${instead}`)),
    ])
    expect(resolve({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_LOGS_EXPORTER: ' OTLP' }).warnings).toEqual([])
  })

  it('is not seen in one that others read', () => {
    const env = { OTEL_SPAN_EVENT_COUNT_LIMIT: '3', OTEL_NODE_RESOURCE_DETECTORS: 'env' }
    expect(resolve(env).warnings).toEqual([])
  })
})
