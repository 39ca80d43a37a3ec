import { createRequire } from 'node:module'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { type Logger, type LoggerOptions, pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { withAttributes } from '../../src/tenant/current.ts'
import { capture, lines, resource } from './support.ts'

const plain = (options: LoggerOptions = {}): Logger => pino({ level: 'trace', ...options }, lines())
const quiet = (): void => diagnostics.setLevel('none')

describe('a record of a foreign pino logger', () => {
  it('has the message as body, the level as severity, the fields as attributes and nothing of pino', () => {
    const captured = capture()
    plain().info(
      { route: '/users/:id', ms: 12.5, ok: true, tags: ['a', 'b'], user: { plan: { name: 'pro' } }, gone: null },
      'done %d',
      7,
    )
    const record = captured.record()
    expect(record.body).toBe('done 7')
    expect(record.severityNumber).toBe(9)
    expect(record.severityText).toBe('info')
    expect(record.attributes).toEqual({
      route: '/users/:id',
      ms: 12.5,
      ok: true,
      tags: ['a', 'b'],
      user: { plan: { name: 'pro' } },
      gone: null,
    })
    expect(record.droppedAttributesCount).toBe(0)
    expect(record.resource).toBe(resource)
    expect(record.instrumentationScope).toEqual({ name: 'pino', version: pino.version })
    expect(record.spanContext).toBeUndefined()
  })

  it('shares one scope object between records', () => {
    const captured = capture()
    plain().info('a')
    plain().info('b')
    const [a, b] = captured.records()
    expect(a?.instrumentationScope).toBe(b?.instrumentationScope)
  })

  it.each([
    ['trace', 1],
    ['debug', 5],
    ['info', 9],
    ['warn', 13],
    ['error', 17],
    ['fatal', 21],
  ] as const)('maps %s to severity %i, known before the record is made', (level, severity) => {
    const captured = capture()
    plain()[level]('x')
    expect(captured.entries[0]?.severityNumber).toBe(severity)
    expect(captured.record()).toMatchObject({ severityNumber: severity, severityText: level })
  })

  it('puts custom levels in proportion, labelled by their name, also those of a child', () => {
    const captured = capture()
    const log = pino({ level: 'low', customLevels: { low: 5, notice: 35, panic: 70 } }, lines())
    log.low('a')
    log.notice('b')
    log.panic('c')
    plain()
      .child({}, { customLevels: { audit: 45 } })
      .audit('d')
    expect(captured.records().map((record) => [record.severityText, record.severityNumber])).toEqual([
      ['low', 2],
      ['notice', 11],
      ['panic', 24],
      ['audit', 15],
    ])
  })

  it('understands levels written as labels or under another key', () => {
    const captured = capture()
    plain({ formatters: { level: (label) => ({ level: label.toUpperCase() }) } }).warn('a')
    plain({ formatters: { level: (label, number) => ({ severity: label, lvl: number }) } }).error('b')
    const [a, b] = captured.records()
    expect(a).toMatchObject({ severityNumber: 13, severityText: 'warn', attributes: {} })
    expect(b).toMatchObject({ severityNumber: 17, severityText: 'error', attributes: {} })
  })

  it("keeps a user's own field that a backend would take for the level, the time or the trace, under another name", () => {
    const captured = capture()
    plain().info(
      { level: 'gold', severity: 'high', time: 'noon', trace_id: 'mine', flags: 1, '': 'nameless', pid: 'p-1', v: 2 },
      'x',
    )
    expect(captured.record()).toMatchObject({
      severityNumber: 9,
      attributes: {
        'field.level': 'gold',
        'field.severity': 'high',
        'field.time': 'noon',
        'field.trace_id': 'mine',
        'field.flags': 1,
        'field.': 'nameless',
        pid: 'p-1',
        v: 2,
      },
    })
  })

  it('survives a field named __proto__', () => {
    const captured = capture()
    plain().info(JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":1}}') as object, 'x')
    const { attributes } = captured.record()
    expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype)
    expect(attributes['field.__proto__']).toEqual({ admin: true })
  })

  it('takes message, error and nested keys from the logger', () => {
    const captured = capture()
    plain({ messageKey: 'message', errorKey: 'error' }).error(
      { error: new TypeError('boom'), msg: 'a field' },
      'failed',
    )
    plain({ nestedKey: 'payload' }).error({ err: new RangeError('far'), deep: { a: 1 } }, 'nested')
    const [keyed, nested] = captured.records()
    expect(keyed).toMatchObject({
      body: 'failed',
      attributes: { msg: 'a field', 'exception.type': 'TypeError', 'exception.message': 'boom' },
    })
    expect(keyed?.attributes).not.toHaveProperty('error')
    expect(nested?.body).toBe('nested')
    expect(nested?.attributes).toMatchObject({ payload: { deep: { a: 1 } }, 'exception.type': 'RangeError' })
    expect(nested?.attributes['payload']).toEqual({ deep: { a: 1 } })
  })

  it('has no body without a message, and the message of the error where there is one', () => {
    const captured = capture()
    plain().info({ a: 1 })
    plain().error(new Error('only an error'))
    plain().error({ err: new Error('in a field') })
    plain().info({ msg: 'as a field' })
    expect(captured.records().map(({ body }) => body)).toEqual([undefined, 'only an error', 'in a field', 'as a field'])
  })

  it('takes otel.event.name for the event name', () => {
    const captured = capture()
    plain().info({ 'otel.event.name': 'user.signed_in', plan: 'pro' }, 'x')
    expect(captured.record()).toMatchObject({ eventName: 'user.signed_in', attributes: { plan: 'pro' } })
    expect(captured.record().attributes).not.toHaveProperty('otel.event.name')
  })

  it('keeps the bindings of children, the last of a repeated key', () => {
    const captured = capture()
    plain({ name: 'svc', base: { region: 'ams' } })
      .child({ a: 1, b: 1 })
      .child({ b: 2 })
      .info({ c: 3 }, 'x')
    expect(captured.record().attributes).toEqual({ region: 'ams', name: 'svc', a: 1, b: 2, c: 3 })
  })
})

describe('exceptions', () => {
  const failing = (error: unknown): ReadableLogRecord => {
    const captured = capture()
    plain().error({ err: error }, 'failed')
    return captured.record()
  }

  it('become exception.* with the class, the message and the stack, causes included', () => {
    class DatabaseError extends Error {
      readonly code = '57P01'
      readonly detail = { table: 'users' }
    }
    const { attributes } = failing(new DatabaseError('no rows', { cause: new Error('socket closed') }))
    expect(attributes['exception.type']).toBe('DatabaseError')
    expect(attributes['exception.message']).toBe('no rows: socket closed')
    expect(attributes['exception.stacktrace']).toMatch(/no rows[\s\S]+caused by: Error: socket closed/)
    expect(attributes['err']).toEqual({ code: '57P01', detail: { table: 'users' } })
  })

  it('keep the errors of an aggregate', () => {
    const { attributes } = failing(new AggregateError([new TypeError('one'), new Error('two')], 'both'))
    expect(attributes['exception.type']).toBe('AggregateError')
    expect(attributes['err']).toMatchObject({
      aggregateErrors: [{ type: 'TypeError', message: 'one' }, { message: 'two' }],
    })
  })

  it('may be a string, and anything else stays a field', () => {
    expect(failing('just text').attributes).toEqual({ 'exception.message': 'just text' })
    expect(failing({ status: 500 }).attributes).toEqual({ err: { status: 500 } })
    expect(failing(42).attributes).toEqual({ err: 42 })
  })
})

describe('time', () => {
  const toMs = ([seconds, nanos]: readonly [number, number]): number => seconds * 1_000 + nanos / 1e6

  it.each([
    ['epochTime', pino.stdTimeFunctions.epochTime, 1],
    ['unixTime', pino.stdTimeFunctions.unixTime, 1_000],
    ['isoTime', pino.stdTimeFunctions.isoTime, 1],
    ['isoTimeNano', pino.stdTimeFunctions.isoTimeNano, 5_000],
    ['nullTime', pino.stdTimeFunctions.nullTime, 1],
    ['none', false, 1],
    ['custom, another key', (): string => `,"@timestamp":"${new Date().toISOString()}"`, 1],
    ['custom, nonsense', (): string => ',"time":"half past two"', 1],
    ['custom, not JSON', (): string => ',"time":"', 1],
  ] as const)('%s gives the time of the call', (_name, timestamp, tolerance) => {
    quiet()
    const captured = capture()
    const before = Date.now()
    plain({ timestamp }).info('x')
    const after = Date.now()
    const record = captured.record()
    expect(toMs(record.hrTime)).toBeGreaterThanOrEqual(before - tolerance)
    expect(toMs(record.hrTime)).toBeLessThanOrEqual(after + tolerance)
    expect(toMs(record.hrTimeObserved)).toBeGreaterThanOrEqual(before - 1)
    expect(Object.keys(record.attributes).filter((key) => /time/.test(key))).toEqual([])
    for (const part of record.hrTime) expect(Number.isInteger(part)).toBe(true)
  })

  it.each([
    ['1767323045', [1_767_323_045, 0]],
    ['1767323045.5', [1_767_323_045, 500_000_000]],
    ['1767323045123', [1_767_323_045, 123_000_000]],
    ['"1767323045123"', [1_767_323_045, 123_000_000]],
    ['1767323045123000', [1_767_323_045, 123_000_000]],
    ['1767323045123000000', [1_767_323_045, 123_000_000]],
    ['"2026-01-02T05:04:05.1234+02:00"', [1_767_323_045, 123_400_000]],
  ])('reads %s', (time, expected) => {
    const captured = capture()
    plain({ timestamp: () => `,"time":${time}` }).info('x')
    expect(captured.record().hrTime).toEqual(expected)
  })

  it.each(['0', '-5', '1e30', 'null', '{}', '"1200-01-01T00:00:00Z"'])('takes the time of the call for %s', (time) => {
    const captured = capture()
    plain({ timestamp: () => `,"time":${time}` }).info('x')
    const { hrTime, hrTimeObserved, attributes } = captured.record()
    expect(hrTime).toEqual(hrTimeObserved)
    expect(attributes).toEqual({})
  })

  it('keeps nanoseconds', () => {
    const captured = capture()
    plain({ timestamp: () => ',"time":"2026-01-02T03:04:05.123456789Z"' }).info('x')
    expect(captured.record().hrTime).toEqual([1_767_323_045, 123_456_789])
  })
})

describe('limits', () => {
  it('holds the number of attributes and counts the rest', () => {
    const captured = capture({ attributeCountLimit: 3 })
    plain().info({ a: 1, b: 2, c: 3, d: 4, e: 5 }, 'x')
    expect(captured.record()).toMatchObject({ attributes: { a: 1, b: 2, c: 3 }, droppedAttributesCount: 2 })
  })

  it('counts a name once, where the line gives another value to what the work has', () => {
    const captured = capture({ attributeCountLimit: 3 })
    withAttributes({ a: 'of the work', b: 'of the work' }, () => plain().info({ a: 1, b: 2, c: 3, d: 4, a2: 5 }, 'x'))
    expect(captured.record()).toMatchObject({ attributes: { a: 1, b: 2, c: 3 }, droppedAttributesCount: 2 })
  })

  it('has 128 attributes by default', () => {
    const captured = capture()
    plain().info(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key${index}`, index])), 'x')
    expect(Object.keys(captured.record().attributes)).toHaveLength(128)
    expect(captured.record().droppedAttributesCount).toBe(72)
  })

  it('cuts long values, nested ones too', () => {
    const captured = capture({ attributeValueLengthLimit: 5 })
    plain().info({ a: '123456789', b: { c: ['123456789', 1] } }, 'the message stays whole')
    expect(captured.record()).toMatchObject({
      body: 'the message stays whole',
      attributes: { a: '12345', b: { c: ['12345', 1] } },
    })
  })

  it('keeps what is nested very deeply as text', () => {
    const captured = capture()
    const deep = JSON.parse(`${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`) as object
    plain().info({ deep }, 'x')
    let value: unknown = captured.record().attributes['deep']
    let depth = 0
    for (; typeof value === 'object' && value !== null; depth++) value = (value as { a: unknown }).a
    expect(depth).toBe(32)
    expect(value).toMatch(/^\{"a":\{"a"/)
  })
})

describe('lines that are no JSON object', () => {
  it('become the body as they are, and are counted', () => {
    quiet()
    const captured = capture()
    const before = diagnostics.counters()['log_lines_unparsed'] ?? 0
    plain({ timestamp: () => ', "time": oops' }).warn({ a: 1 }, 'hello')
    const record = captured.record()
    expect(record.body).toMatch(/^\{"level":40, "time": oops.*"msg":"hello"\}$/)
    expect(record).toMatchObject({ severityNumber: 13, severityText: 'warn', attributes: {} })
    expect(diagnostics.counters()['log_lines_unparsed']).toBe(before + 1)
  })

  it('may end as they like', () => {
    const captured = capture()
    plain({ crlf: true }).info({ a: 1 }, 'x')
    expect(captured.record()).toMatchObject({ body: 'x', attributes: { a: 1 } })
  })
})

describe('redaction', () => {
  it("holds for foreign loggers too, and does not undo pino's own", () => {
    const captured = capture()
    plain({ redact: { paths: ['ssn'], censor: '***' } })
      .child({ api_key: 'k' })
      .info({ ssn: '1', req: { headers: { authorization: 'Bearer x', accept: '*/*' } }, password: 'p' }, 'x')
    expect(captured.record().attributes).toEqual({
      ssn: '***',
      api_key: '[Redacted]',
      password: '[Redacted]',
      req: { headers: { authorization: '[Redacted]', accept: '*/*' } },
    })
  })
})

describe('capture', () => {
  it('takes records of another copy of pino, with its own keys', () => {
    const require = createRequire(import.meta.url)
    for (const file of Object.keys(require.cache))
      if (/[\\/]pino[\\/]/.test(file)) Reflect.deleteProperty(require.cache, file)
    const other = require('pino') as typeof pino
    expect(other.symbols.messageKeySym).not.toBe(pino.symbols.messageKeySym)
    const captured = capture()
    other(
      { messageKey: 'text', errorKey: 'failure', formatters: { level: (label) => ({ lvl: label }) } },
      lines(),
    ).warn({ failure: new Error('boom') }, 'elsewhere')
    const { body, attributes } = captured.record()
    expect(body).toBe('elsewhere')
    expect(Object.keys(attributes)).toEqual(['exception.type', 'exception.message', 'exception.stacktrace'])
  })

  it('delivers one record per call, whatever the destinations', () => {
    const captured = capture()
    const [a, b] = [lines(), lines()]
    const log = pino({ level: 'trace' }, pino.multistream([{ stream: a }, { level: 'trace', stream: b }]))
    log.info('one')
    log.child({ x: 1 }).error('two')
    log.silent('never')
    expect(captured.records().map(({ body }) => body)).toEqual(['one', 'two'])
    expect(a.text).toHaveLength(2)
  })

  it('leaves out what the level holds back, and ends when told', () => {
    const captured = capture()
    const log = plain({ level: 'warn' })
    log.info('no')
    log.warn('yes')
    captured.stop()
    log.warn('too late')
    expect(captured.records().map(({ body }) => body)).toEqual(['yes'])
  })

  it('keeps a receiver that throws from the application', async () => {
    quiet()
    const { captureLogs } = await import('../../src/logging/capture.ts')
    const before = diagnostics.counters()['log_capture_errors'] ?? 0
    const stop = captureLogs(
      () => {
        throw new Error('full')
      },
      { resource },
    )
    const written = lines()
    pino({}, written).info('x')
    stop()
    expect(written.text).toHaveLength(1)
    expect(diagnostics.counters()['log_capture_errors']).toBe(before + 1)
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('estimates more bytes for more text', () => {
    const captured = capture()
    plain().info('x'.repeat(10_000))
    expect(captured.entries[0]?.estimatedBytes).toBeGreaterThan(10_000)
  })
})
