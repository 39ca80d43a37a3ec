import { type SpanContext, TraceFlags } from '@opentelemetry/api'
import fc from 'fast-check'
import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino'
import { describe, expect, it } from 'vitest'
import { grafanaView } from '../../src/backends/parts/grafana-view.ts'
import { logfireView } from '../../src/backends/parts/logfire-view.ts'
import { cutAt, leftOut, plainView, type View } from '../../src/backends/view.ts'
import { diagnostics } from '../../src/diagnostics.ts'
import { defaultLimits, type LogRecordLimits } from '../../src/logging/attribute-sink.ts'
import { captureLogs } from '../../src/logging/capture.ts'
import { LazyLogRecord } from '../../src/logging/lazy-log-record.ts'
import { Loggers } from '../../src/logging/loggers.ts'
import { createRedactor } from '../../src/logging/redact.ts'
import { pendingLogBatch } from '../../src/pipeline/batch.ts'
import type { PendingLogRecord } from '../../src/pipeline/pending-log-record.ts'
import { Redactor } from '../../src/pipeline/redaction/redactor.ts'
import { decodeLogs } from '../support/decode-otlp.ts'
import { lines, resource } from './support.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 10_000)

const views: readonly View[] = [
  plainView,
  grafanaView,
  logfireView,
  { id: 'ruled', ruleOf: (key) => (key === 'a' ? leftOut : cutAt(5)) },
  { id: 'narrow', logLimits: { entries: 5, attributeBytes: 60, valueBytes: 30, bodyBytes: 20 } },
]

const redactors: readonly (Redactor | undefined)[] = [
  undefined,
  new Redactor({ keys: [], safeKeys: [], patterns: {} }),
  new Redactor({ keys: ['b'], safeKeys: ['token'], patterns: { seven: '7{2}' } }),
]

const secret = 'AKIAIOSFODNN7EXAMPLE'
const someNames = ['a', 'b', 'c.d', 'msg', 'message', 'level', 'time', 'ts', 'pid', 'hostname', 'trace_id', 'span_id']
const moreNames = ['tenant.id', 'tenant.name', 'err', 'otel.event.name', 'logfire.msg', 'field.level', 'password']
const oddNames = ['tokens', 'token', 'n', '', ' ', '__proto__', 'constructor', 'é', 'with "quotes"', '7', 'severity']
const name = fc.oneof(fc.constantFrom(...someNames, ...moreNames, ...oddNames), fc.string({ unit: 'binary' }))

const text = fc.oneof(
  fc.constantFrom('', 'x', 'order stored', 'Zürich', 'a\nb', 'say "x"', secret, `password=${secret}`, '77', 'acme'),
  fc.constantFrom('x'.repeat(45), 'y'.repeat(310), 'ü'.repeat(200), '\ud800', '\u0000', '\u2028', 'back\\slash'),
  fc.string({ unit: 'binary' }),
)
const number = fc.oneof(
  fc.constantFrom(0, -0, 7, 77, 12.5, -3, 1e21, 1e-7, 0.1, 123456.789, 2 ** 53, 999999999999999, 99999999999999.9),
  fc.double(),
  fc.integer(),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}))
/** As nearly all lines are. */
const usual = fc.record(
  {
    route: fc.constantFrom('/orders/:id', '/users', 'order stored', 'acme'),
    orderId: fc.nat(),
    ms: number,
    note: text,
    ok: fc.boolean(),
    user: fc.record({ plan: fc.constantFrom('pro', 'free'), roles: fc.array(fc.constantFrom('a', 'b')) }),
    gone: fc.constant(null),
  },
  { requiredKeys: [], noNullPrototype: true },
)
const fields = fc.oneof(usual, usual, fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true }))

const bindings = fc.oneof(fc.constantFrom({}, { module: 'orders' }, { module: 'users' }), fields)

const spanContext: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
}
const contexts = fc.constantFrom<(SpanContext | undefined)[]>(undefined, spanContext, { ...spanContext, traceId: '0' })
const works = fc.constantFrom<Readonly<Record<string, string>>[]>(
  {},
  Object.freeze({ 'tenant.id': 'acme' }),
  Object.freeze({ 'tenant.id': 'x', 'tenant.name': 'X', a: 'order stored' }),
  Object.freeze({ 'tenant.name': 'Zürich', 'work.token': secret }),
)

const loggers = fc.constantFrom<(() => LoggerOptions)[]>(
  () => ({}),
  () => ({}),
  () => ({ base: null }),
  () => ({ base: null }),
  () => ({ name: 'api', messageKey: 'message', errorKey: 'error' }),
  () => ({ nestedKey: 'payload' }),
  () => ({ timestamp: stdTimeFunctions.isoTime }),
  () => ({ timestamp: false }),
  () => ({ timestamp: () => ',"ts":"2026-11-23T12:00:00.000Z","zone":"UTC"' }),
  () => ({ formatters: { level: (label, level) => ({ severity: label, lvl: level }) } }),
  () => ({ mixin: () => ({ trace_id: spanContext.traceId, span_id: spanContext.spanId, trace_flags: '01' }) }),
  () => ({ mixin: () => ({ 'tenant.id': 'acme' }) }),
  () => ({ timestamp: () => ',"a":"2026-11-23T12:00:00.000Z"' }),
  () => ({ timestamp: () => ',"tenant.name":"X"' }),
  () => ({ timestamp: () => ',"time":1e400' }),
  () => ({ formatters: { log: (fields) => ({ ...fields, level: 30, pid: process.pid }) } }),
  () => ({ formatters: { level: () => ({ q: 1 }) } }),
  () => ({ formatters: { level: () => ({}) } }),
  () => ({ base: { pid: process.pid, hostname: 'else', a: 'x' } }),
  () => ({ crlf: true }),
  () => ({ messageKey: 'a', errorKey: 'b' }),
  () => ({ messageKey: 'err', errorKey: 'err' }),
  () => ({ messageKey: 'time' }),
  () => ({ messageKey: 'tenant.id' }),
  () => ({ messageKey: 'logfire.msg' }),
)

const limits = fc.constantFrom<Partial<LogRecordLimits>[]>(
  {},
  {},
  { attributeCountLimit: 3 },
  { attributeValueLengthLimit: 10 },
)
const paths = fc.constantFrom<string[][]>([], [], ['b'], ['a.b'], ['*.n', 'msg'])

interface Setting {
  readonly context: SpanContext | undefined
  readonly work: Readonly<Record<string, string>>
  readonly limits: Partial<LogRecordLimits>
  readonly paths: readonly string[]
  readonly view: View
  readonly redactor: Redactor | undefined
}

const settings = fc.record<Setting>({
  context: contexts,
  work: works,
  limits,
  paths,
  view: fc.constantFrom(...views),
  redactor: fc.constantFrom(...redactors),
})

/** What a logger writes of some calls, with a change to each line. */
function entriesOf(
  { context, work, ...more }: Setting,
  options: LoggerOptions,
  write: (logger: Logger) => void,
  changed: (line: string) => string = (line) => line,
): LazyLogRecord[] {
  const captured: LazyLogRecord[] = []
  const stop = captureLogs((entry) => captured.push(entry as LazyLogRecord), { resource })
  try {
    write(pino(options, lines()))
  } finally {
    stop()
  }
  const allLimits = { ...defaultLimits, ...more.limits }
  const redact = createRedactor(more.paths)
  const environment = { resource, limits: allLimits, redact, loggers: new Loggers(allLimits, redact) }
  return captured.map(
    ({ line, level, time, capturedAtMs, logger }) =>
      new LazyLogRecord(changed(line), level, time, capturedAtMs, logger, context, work, environment),
  )
}

interface Decoded {
  readonly resourceLogs: { readonly scopeLogs: { readonly logRecords: { attributes: { key: string }[] }[] }[] }[]
}

/** An export request; which attribute comes first says nothing. */
function decoded(bytes: Uint8Array): unknown {
  const request = decodeLogs(bytes) as Decoded
  const records = request.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
  for (const record of records) record.attributes.sort((one, other) => (one.key < other.key ? -1 : 1))
  return request
}

/** The same entries, written from their lines where that is possible, and all of them by way of records. */
async function bothWays(
  entries: readonly PendingLogRecord[],
  { view, redactor }: Setting,
): Promise<[unknown, unknown]> {
  const ofLines = await pendingLogBatch(entries, 1, redactor).bytes(view, 'none')
  const made = pendingLogBatch(entries, 1, redactor)
  expect(made.records).toHaveLength(entries.length)
  const ofRecords = await made.bytes(view, 'none')
  expect(ofLines.count).toBe(ofRecords.count)
  return [decoded(ofLines.body), decoded(ofRecords.body)]
}

describe('a line that is written as it stands', () => {
  it('says what its record would say, whatever was logged, by whatever logger', async () => {
    diagnostics.setLevel('none')
    const call = fc.record({ fields, message: fc.option(text, { nil: undefined }), isBound: fc.boolean() })
    const calls = fc.array(call, { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(settings, loggers, calls, bindings, async (setting, options, made, bound) => {
        const entries = entriesOf(setting, options(), (logger) => {
          const child = logger.child(bound)
          for (const each of made) (each.isBound ? child : logger).info(each.fields, each.message)
        })
        const [ofLines, ofRecords] = await bothWays(entries, setting)
        expect(ofLines).toEqual(ofRecords)
      }),
      { numRuns },
    )
  }, 300_000)

  it('says the same of a line that is broken', async () => {
    diagnostics.setLevel('none')
    const change = fc.record({ at: fc.nat(200), without: fc.nat(3), put: fc.string({ maxLength: 3 }) })
    const tokens = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      '0',
      '-',
      '.',
      'e',
      ' ',
      '\n',
      'true',
      'null',
    )
    const changes = fc.array(fc.oneof(change, fc.record({ at: fc.nat(200), without: fc.nat(3), put: tokens })), {
      minLength: 1,
      maxLength: 2,
    })
    await fc.assert(
      fc.asyncProperty(settings, fields, changes, async (setting, given, made) => {
        const entries = entriesOf(
          setting,
          {},
          (logger) => logger.info({ a: 'x', n: 12.5, c: { d: [1] }, ...given }, 'order stored'),
          (line) =>
            made.reduce((text, { at, without, put }) => text.slice(0, at) + put + text.slice(at + without), line),
        )
        const [ofLines, ofRecords] = await bothWays(entries, setting)
        expect(ofLines).toEqual(ofRecords)
      }),
      { numRuns },
    )
  }, 300_000)

  it('is not made a record of', async () => {
    const setting = { context: spanContext, work: { 'tenant.id': 'acme' }, limits: {}, paths: ['x.y'] }
    const entries = entriesOf({ ...setting, view: plainView, redactor: redactors[1] }, {}, (logger) => {
      const child = logger.child({ route: '/orders/:id', 'tenant.id': 'acme' })
      child.info({ orderId: 7, ms: 12.5, ok: true, tags: ['a'], user: { plan: 'pro' }, note: 'a\nb' }, 'order %d', 7)
      child.warn('Zürich')
    })
    for (const entry of entries) Object.defineProperty(entry, 'toRecord', { value: fails })
    for (const view of [plainView, grafanaView, logfireView]) {
      const { count } = await pendingLogBatch(entries, 1, redactors[1]).bytes(view, 'none')
      expect(count).toBe(2)
    }
  })
})

function fails(): never {
  throw new Error('a record is made')
}
