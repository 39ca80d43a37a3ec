import { isAnyValue } from '@opentelemetry/core'
import fc from 'fast-check'
import { pino } from 'pino'
import { beforeEach, describe, expect, it } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { createLogger } from '../../src/logging/logger.ts'
import { capture, lines } from './support.ts'

beforeEach(() => {
  diagnostics.reset()
  diagnostics.setLevel('none')
})

/** A log method as JavaScript sees it. */
type Log = (...args: unknown[]) => void

function logging(): { info: Log; out: ReturnType<typeof lines>; captured: ReturnType<typeof capture> } {
  const captured = capture()
  const out = lines()
  const log: { readonly info: Log } = createLogger({}, out)
  return { info: (...args) => log.info(...args), out, captured }
}

const circular: Record<string, unknown> = { name: 'round' }
circular['self'] = circular
const throwingGetter = {
  fine: 1,
  get broken(): string {
    throw new Error('no reading')
  },
}
const throwingJson = {
  toJSON(): never {
    throw new Error('no json')
  },
}
const throwingText = {
  toString(): never {
    throw new Error('no text')
  },
}
const hostile = new Proxy(
  {},
  {
    ownKeys() {
      throw new Error('no keys')
    },
    get() {
      throw new Error('no get')
    },
  },
)
const brokenError = Object.defineProperty(new Error('seen'), 'extra', {
  enumerable: true,
  get() {
    throw new Error('no extra')
  },
})

describe('odd arguments', () => {
  it.each<[string, unknown[]]>([
    ['nothing', []],
    ['undefined', [undefined]],
    ['null', [null]],
    ['undefined and a message', [undefined, 'text']],
    ['null and a message', [null, 'text']],
    ['a number', [42]],
    ['NaN', [Number.NaN]],
    ['a boolean', [true]],
    ['a BigInt', [12345678901234567890n]],
    ['a symbol', [Symbol('s')]],
    ['a function', [() => 1]],
    ['an array', [[1, 2]]],
    ['a date', [new Date(0)]],
    ['an invalid date in a field', [{ at: new Date(Number.NaN) }, 'text']],
    ['a map and a set', [{ map: new Map([[1, 2]]), set: new Set([1]) }, 'text']],
    ['typed arrays', [{ bytes: new Uint8Array(3), buffer: Buffer.from('abc') }, 'text']],
    ['a circular object', [circular, 'text']],
    ['a circular field', [{ circular }, 'text']],
    ['BigInt fields', [{ big: 10n ** 30n, deep: { big: 1n } }, 'text']],
    ['symbol and function fields', [{ s: Symbol('s'), f: () => 1, [Symbol('key')]: 1 }, 'text']],
    ['undefined and non-finite fields', [{ u: undefined, i: Number.POSITIVE_INFINITY, n: Number.NaN }, 'text']],
    ['a getter that throws', [throwingGetter, 'text']],
    ['a getter that throws, deep', [{ deep: throwingGetter }, 'text']],
    ['a toJSON that throws', [{ throwingJson }, 'text']],
    ['a toJSON that throws, at the top', [throwingJson, 'text']],
    ['a hostile proxy', [hostile, 'text']],
    ['a hostile proxy in a field', [{ hostile }, 'text']],
    ['an error whose member throws', [brokenError, 'text']],
    ['an error whose member throws, in a field', [{ err: brokenError, kept: 1 }, 'text']],
    ['an object without prototype', [Object.assign(Object.create(null), { a: 1 }), 'text']],
    ['too few values for the format', ['%s %d %o']],
    ['too many values for the format', ['%s', 'a', 'b', circular]],
    ['wrong values for the format', ['%d %i %s %j %o', 'x', {}, circular, circular, undefined]],
    ['a symbol for a number', ['%d', Symbol('s')]],
    ['a toString that throws', ['%s', throwingText]],
    ['a hostile proxy for the format', ['%o', hostile]],
    ['an object for the message', [{ a: 1 }, { b: 2 }]],
    ['a lone surrogate', ['\ud800 \udc00']],
    ['control characters', ['\u0000\u001b[31m\n{"level":60}']],
    ['a huge string', [{ huge: 'x'.repeat(2_000_000) }, 'y'.repeat(1_000_000)]],
    [
      'ten thousand fields',
      [Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index])), 'text'],
    ],
    [
      'fields named like pino options',
      [{ level: 99, time: 'now', msg: 'theirs', pid: 0, hostname: '', err: null }, 'text'],
    ],
    ['something like a request', [{ method: 'GET', headers: {}, socket: {} }, 'text']],
    ['something like a response', [{ setHeader: () => 1, statusCode: 200 }, 'text']],
  ])('%s', (_name, args) => {
    const { info, out, captured } = logging()
    expect(() => info(...args)).not.toThrow()
    expect(out.text).toHaveLength(1)
    expect(out.text[0]).toMatch(/^[^\n]*\n$/)
    const record = captured.record()
    expect(record.severityNumber).toBe(9)
    expect(isAnyValue(record.attributes)).toBe(true)
    expect(record.body === undefined || isAnyValue(record.body)).toBe(true)
    if (args[1] === 'text') expect(record.body).toBe('text')
  })

  it('keep what can be read, say why the rest is missing, and are counted', () => {
    const { info, captured, out } = logging()
    info(throwingGetter, 'read %s', 'me')
    expect(captured.record()).toMatchObject({
      body: 'read %s',
      attributes: { fine: 1, broken: '[Throws: no reading]', 'log.problem': 'no reading' },
    })
    expect(out.text).toHaveLength(1)
    expect(diagnostics.counters()['log_calls_failed']).toBe(1)
  })

  it('keep their message where nothing of the object can be read', () => {
    const { info, captured } = logging()
    info(hostile, 'still here')
    expect(captured.record()).toMatchObject({ body: 'still here', attributes: { 'log.problem': 'no get' } })
  })

  it('are said once', () => {
    const said: string[] = []
    const stop = diagnostics.listen(({ message }) => said.push(message))
    const { info } = logging()
    for (let index = 0; index < 5; index++) info(throwingGetter, 'x')
    stop()
    expect(said).toEqual(['a log call could not be written as it was given: no reading'])
    expect(diagnostics.counters()['log_calls_failed']).toBe(5)
  })
})

describe("the user's own code that throws", () => {
  const failing = (): never => {
    throw new Error('mine')
  }

  it.each([
    ['a mixin', { mixin: failing }, 'log_mixin_errors'],
    ['a merge strategy', { mixinMergeStrategy: failing }, 'log_calls_failed'],
    ['a serializer', { serializers: { a: failing } }, 'log_calls_failed'],
    ['formatters.log', { formatters: { log: failing } }, 'log_calls_failed'],
    ['hooks.logMethod', { hooks: { logMethod: failing } }, 'log_calls_failed'],
  ] as const)('%s is counted and does not reach the application', (_name, options, counter) => {
    const log = createLogger(options, lines())
    expect(() => log.info({ a: 1 }, 'x')).not.toThrow()
    expect(diagnostics.counters()[counter]).toBe(1)
  })

  it.each([
    ['a destination', {}, { write: failing }],
    ['hooks.streamWrite', { hooks: { streamWrite: failing } }, lines()],
  ])('%s is counted, and the record is delivered once', (_name, options, destination) => {
    const captured = capture()
    const log = createLogger(options, destination)
    expect(() => log.info('x')).not.toThrow()
    expect(diagnostics.counters()).toEqual({ log_destination_errors: 1 })
    expect(captured.record().body).toBe('x')
  })
})

describe('any value', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    stringUnit: 'binary',
  })

  it('is logged without throwing and comes out as one valid record', () => {
    const { info, out, captured } = logging()
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 4 }), (args) => {
        out.text.length = 0
        captured.entries.length = 0
        info(...args)
        expect(out.text).toHaveLength(1)
        const record = captured.record()
        expect(isAnyValue(record.attributes)).toBe(true)
        expect(Object.keys(record.attributes).every((key) => key !== '')).toBe(true)
        expect(record.hrTime.every(Number.isInteger)).toBe(true)
      }),
    )
  })

  it('that JSON can hold comes out as it went in, as a field and as a binding', () => {
    const captured = capture()
    const log = pino({}, lines())
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        captured.entries.length = 0
        fc.pre(!/pass|pwd|secret|token|key|auth|cookie|cred|conn|dsn|jwt/i.test(JSON.stringify(value)))
        log.info({ value }, 'a field')
        log.child({ value }).info('a binding')
        const expected: unknown = JSON.parse(JSON.stringify(value))
        for (const { attributes } of captured.records()) expect(attributes).toEqual({ value: expected })
      }),
    )
  })
})
