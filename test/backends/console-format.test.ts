import { readFileSync } from 'node:fs'
import { ROOT_CONTEXT, SeverityNumber, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { consoleBackend } from '../../src/backends/console.ts'
import type { ConsoleBackendOptions } from '../../src/backends/console/create-console-backend.ts'
import { createConsoleBackend } from '../../src/backends/console/create-console-backend.ts'
import { noon, orderRequest, page, type Recorder, recorder } from './console-support.ts'

const never = new AbortController().signal

beforeEach(() => void vi.stubEnv('TZ', 'UTC'))
afterEach(() => void vi.unstubAllEnvs())

async function shown(sdk: Recorder, options: Partial<ConsoleBackendOptions>): Promise<string> {
  const stream = page()
  const backend = createConsoleBackend({ stream, color: false, columns: 100, ...options })
  const { traces, logs } = sdk.take()
  if (logs.count > 0) expect(await backend.deliver(logs, never)).toEqual({ kind: 'delivered' })
  if (traces.count > 0) expect(await backend.deliver(traces, never)).toEqual({ kind: 'delivered' })
  await backend.close?.()
  return stream.text
}

function order(): Recorder {
  const sdk = recorder()
  orderRequest(sdk)
  return sdk
}

describe('format tree', () => {
  it('draws a finished trace with its tenant, errors and log records', async () => {
    expect(`\n${await shown(order(), { format: 'tree' })}`).toMatchInlineSnapshot(`
      "
      12:00:00.000  orders-api  4bf92f35  from 00f067aa                       120 ms  5 spans
                    tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01
      POST /orders  server  500  ✗ error                                      120 ms  ███████████████████
      │  ✗ payment failed
      │  INFO   order received  order.id=42 note="two words" items=["a","b"] +1.0 ms  ·
      ├─ SELECT orders  client  ✓ ok                                          8.4 ms  █
      ├─ charge  ✗ error                                                       76 ms    ████████████
      │  │  ✗ PaymentError: card declined
      │  └─ POST  client  402  ✗ error                                         70 ms    ███████████
      │        WARN   card declined  tenant other-tenant (bm-tenant-2b1c)     +60 ms           ·
      └─ publish order  producer                                              400 µs                 ▏
         ERROR  request failed                                               +119 ms                    ·
         ✗ PaymentError: card declined

      "
    `)
  })

  it('puts all that matters into 80 columns', async () => {
    const text = await shown(order(), { format: 'tree', columns: 80 })
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(80)
    expect(`\n${text}`).toMatchInlineSnapshot(`
      "
      12:00:00.000  orders-api  4bf92f35  from 00f067aa       120 ms  5 spans
           tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01
      POST /orders  server  500  ✗ error                      120 ms  ███████████████
      │  ✗ payment failed
      │  INFO   order received  order.id=42 note="two words… +1.0 ms  ·
      ├─ SELECT orders  client  ✓ ok                          8.4 ms  █
      ├─ charge  ✗ error                                       76 ms   ██████████
      │  │  ✗ PaymentError: card declined
      │  └─ POST  client  402  ✗ error                         70 ms    █████████
      │        WARN   card declined  tenant other-tenant (b…  +60 ms         ·
      └─ publish order  producer                              400 µs             ▏
         ERROR  request failed                               +119 ms                ·
         ✗ PaymentError: card declined

      "
    `)
  })

  it('keeps its columns under wide names and names the tenant of a span where it differs', async () => {
    const sdk = recorder()
    const root = sdk.start('処理 ジョブ 🚀', 0, { kind: SpanKind.CONSUMER, attributes: { 'tenant.id': 'acme' } })
    const child = sdk.start('for another', 2, { attributes: { 'tenant.id': 'globex', 'user.id': 'u-9' } }, root.context)
    sdk
      .start('e\u0301tape', 3, { attributes: { 'tenant.id': 'globex', 'user.id': 'u-9' } }, child.context)
      .end(noon + 5)
    child.end(noon + 6)
    root.end(noon + 1_240)
    expect(`\n${await shown(sdk, { format: 'tree', columns: 80 })}`).toMatchInlineSnapshot(`
      "
      12:00:00.000  orders-api  4bf92f35  tenant acme         1.24 s  3 spans
      処理 ジョブ 🚀  consumer                                1.24 s  ███████████████
      └─ for another  tenant globex  user u-9                 4.0 ms  ▏
         └─ étape                                             2.0 ms  ▏

      "
    `)
  })

  it('draws log records outside of any span at once, as lines', async () => {
    const sdk = recorder()
    sdk.log(5, 'listening', { attributes: { port: 8080 } })
    sdk.log(
      6,
      { nested: { map: true } },
      { severityNumber: SeverityNumber.DEBUG, severityText: 'debug', attributes: { 'tenant.id': 'acme' } },
    )
    sdk.log(7, undefined, { eventName: 'device.app.lifecycle' })
    expect(`\n${await shown(sdk, { format: 'tree' })}`).toMatchInlineSnapshot(`
      "
      12:00:00.005  INFO   listening  port=8080
      12:00:00.006  DEBUG  {"nested":{"map":true}}  tenant acme
      12:00:00.007  LOG    device.app.lifecycle
      "
    `)
  })

  it('colours with escape sequences that Node chose, when asked to', async () => {
    const text = await shown(order(), { format: 'tree', color: true })
    expect(text).toContain('\u001b[31mPOST /orders\u001b[39m')
    const plain = await shown(order(), { format: 'tree', color: false })
    expect(text.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain)
  })

  it('draws five thousand levels in bounded width', async () => {
    const sdk = recorder()
    const root = sdk.start('root', 0)
    let parent = root.context
    const spans = [root]
    for (let level = 1; level < 5_000; level += 1) {
      const span = sdk.start(`level ${level}`, 0, {}, parent)
      spans.push(span)
      parent = span.context
    }
    for (const span of spans.reverse()) span.end(noon + 10)
    const text = await shown(sdk, { format: 'tree', maxTraceItems: 10_000 })
    expect(text).toContain('level 4999')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(100)
  })
})

describe('the page on the console backend', () => {
  const shownThere = readFileSync('docs/backends/console.md', 'utf8')

  it('shows what is written', async () => {
    expect(shownThere).toContain(`\n${(await shown(order(), { format: 'tree' })).trimEnd()}\n`)
    for (const format of ['lines', 'json'] as const) {
      const example = shownThere.split(`### \`${format}\`\n\n\`\`\`\n`)[1]?.split('\n```')[0]?.split('\n')
      const written = (await shown(order(), { format })).split('\n')
      expect(example).toHaveLength(2)
      for (const line of example ?? []) expect(written).toContain(line)
    }
  })

  it('names every option with its default', () => {
    for (const [name, option] of Object.entries(consoleBackend.options)) {
      const variable = `TELEMETRY_CONSOLE_${name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`
      expect(shownThere).toContain(`| \`${variable}\` | `)
      if ('default' in option) expect(option.parse(option.example)).toBe(option.default)
    }
  })
})

describe('format lines', () => {
  it('writes one line per span and log record', async () => {
    expect(`\n${await shown(order(), { format: 'lines' })}`).toMatchInlineSnapshot(`
      "
      12:00:00.001  INFO   order received  order.id=42 note="two words" items=["a","b"]  tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01  4bf92f35/a0000001
      12:00:00.060  WARN   card declined  tenant other-tenant (bm-tenant-2b1c)  user user_01  4bf92f35/a0000004
      12:00:00.119  ERROR  request failed  PaymentError: card declined  tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01  4bf92f35/a0000001
      12:00:00.004  SPAN   SELECT orders  client  ✓ ok  8.4 ms  tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01  4bf92f35/a0000002
      12:00:00.018  SPAN   POST  client  402  ✗ error  70 ms  tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01  4bf92f35/a0000004
      12:00:00.015  SPAN   charge  ✗ error  76 ms  PaymentError: card declined  tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01  4bf92f35/a0000003
      12:00:00.095  SPAN   publish order  producer  400 µs  tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01  4bf92f35/a0000005
      12:00:00.000  SPAN   POST /orders  server  500  ✗ error  120 ms  payment failed  tenant 0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10 (bm-tenant-2b1c)  user user_01  4bf92f35/a0000001
      "
    `)
  })
})

describe('format json', () => {
  it('writes one object per span and log record', async () => {
    const lines = (await shown(order(), { format: 'json' })).trimEnd().split('\n')
    const [log, ...others] = lines.map((line): unknown => JSON.parse(line))
    expect(log).toEqual({
      type: 'log',
      time: '2026-11-22T12:00:00.001000Z',
      level: 'INFO',
      severity_number: 9,
      body: 'order received',
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      span_id: 'a000000100000000',
      attributes: {
        'tenant.id': '0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10',
        'tenant.app_name': 'bm-tenant-2b1c',
        'user.id': 'user_01',
        'order.id': 42,
        note: 'two words',
        items: ['a', 'b'],
      },
      scope: { name: 'pino', version: '10.0.0' },
      resource: { 'service.name': 'orders-api' },
    })
    expect(others.find((each) => (each as { name?: string }).name === 'charge')).toEqual({
      type: 'span',
      time: '2026-11-22T12:00:00.015000Z',
      duration_ms: 76,
      name: 'charge',
      kind: 'internal',
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      span_id: 'a000000300000000',
      parent_span_id: 'a000000100000000',
      status: 'error',
      status_message: 'card declined',
      attributes: {
        'tenant.id': '0b5e8a52-6f0f-4c8e-9d55-2f5f8b1b7a10',
        'tenant.app_name': 'bm-tenant-2b1c',
        'user.id': 'user_01',
      },
      events: [
        {
          time: '2026-11-22T12:00:00.090000Z',
          name: 'exception',
          attributes: { 'exception.type': 'PaymentError', 'exception.message': 'card declined' },
        },
      ],
      scope: { name: 'test', version: '1.0.0' },
      resource: { 'service.name': 'orders-api' },
    })
    expect(lines).toHaveLength(8)
  })

  it('holds every kind of value', async () => {
    const circular: Record<string, unknown> = { name: 'loop' }
    circular['self'] = circular
    const throwing = Object.defineProperty({ fine: 1 }, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('getter')
      },
    })
    const unserialisable = {
      toJSON: () => {
        throw new Error('toJSON')
      },
    }
    const sdk = recorder()
    sdk.log(0, {
      big: 2n ** 70n,
      small: 7n,
      circular,
      throwing,
      unserialisable,
      bytes: new Uint8Array([1, 2, 255]),
      floats: new Float64Array([0.5, Number.NaN]),
      date: new Date(noon),
      badDate: new Date(Number.NaN),
      map: new Map([['__proto__', 1]]),
      set: new Set([1, 2]),
      symbol: Symbol('s'),
      run: () => {},
      infinite: Number.NEGATIVE_INFINITY,
      nothing: null,
      huge: 'x'.repeat(20_000),
      many: Array.from({ length: 3_000 }, (_, index) => index),
      error: new TypeError('wrong'),
      lone: '\ud800',
    })
    const { body } = JSON.parse(await shown(sdk, { format: 'json' })) as { body: Record<string, unknown> }
    expect(body).toMatchObject({
      big: String(2n ** 70n),
      small: 7,
      circular: { name: 'loop', self: '[Circular]' },
      throwing: { fine: 1, bad: '[Unreadable]' },
      unserialisable: '[Unreadable]',
      bytes: 'AQL/',
      floats: [0.5, 'NaN'],
      date: '2026-11-22T12:00:00.000Z',
      badDate: null,
      set: [1, 2],
      symbol: 'Symbol(s)',
      run: '[Function]',
      infinite: '-Infinity',
      nothing: null,
      huge: `${'x'.repeat(16_384)}… (3616 more characters)`,
      error: 'TypeError: wrong',
      lone: '\ufffd',
    })
    expect(Object.keys(body['map'] as object)).toEqual(['__proto__'])
    expect(body['many']).toHaveLength(1_001)
  })
})

describe('text of others', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(
        '\u001b',
        '[',
        '2J',
        ']',
        '\u0007',
        '\r',
        '\n',
        '\u009b',
        '31m',
        '\u202e',
        '\u2028',
        '\ud83d',
        '😀',
        '│',
      ),
    }),
  )
  const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/u

  it('never reaches the output as a control character or a line of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        hostile,
        hostile,
        fc.constantFrom('tree', 'lines', 'json'),
        fc.boolean(),
        async (a, b, format, color) => {
          const sdk = recorder()
          const root = sdk.start(a, 0, { attributes: { 'tenant.id': b, [`k${a}`]: b } })
          sdk.log(1, a, { context: root.context, severityText: b, attributes: { [`l${b}`]: [a], 'exception.type': a } })
          sdk.log(1, { [a]: b }, { context: ROOT_CONTEXT })
          root.recordException({ name: a, message: b }, noon + 2)
          root.setStatus({ code: SpanStatusCode.ERROR, message: b })
          root.end(noon + 3)
          const text = await shown(sdk, { format, color })
          expect(text.replaceAll(/\u001b\[\d+m/g, color ? '' : '$&')).not.toMatch(controls)
          const lines = text.trimEnd().split('\n')
          if (format === 'json') for (const line of lines) JSON.parse(line)
          if (format !== 'tree') expect(lines).toHaveLength(3)
          else expect(lines.length).toBeLessThanOrEqual(8)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('makes one line of JSON of anything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
          withNullPrototype: true,
          withObjectString: true,
        }),
        async (value) => {
          const sdk = recorder()
          sdk.log(0, value)
          const text = await shown(sdk, { format: 'json' })
          expect(JSON.parse(text)).toMatchObject({ type: 'log' })
          expect(text.indexOf('\n')).toBe(text.length - 1)
        },
      ),
      { numRuns: 300 },
    )
  })
})
