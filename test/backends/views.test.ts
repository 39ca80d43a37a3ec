import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grafanaView } from '../../src/backends/parts/grafana-view.ts'
import { logfireView } from '../../src/backends/parts/logfire-view.ts'
import { cutAt, plainView, type View } from '../../src/backends/view.ts'
import { logBatch, traceBatch } from '../../src/pipeline/batch.ts'
import { decodeLogRecords, decodeSpans, type ReceivedLogRecord, type ReceivedSpan } from '../support/otlp-decode.ts'
import { recordOf, spanOf } from '../support/telemetry-items.ts'

async function spanIn(view: View, span: Partial<ReturnType<typeof spanOf>>): Promise<ReceivedSpan> {
  const { body } = await traceBatch([{ ...spanOf('work'), ...span }], 1).bytes(view, 'none')
  return decodeSpans(body)[0] as ReceivedSpan
}

async function recordIn(view: View, record: Partial<ReturnType<typeof recordOf>>): Promise<ReceivedLogRecord> {
  const { body } = await logBatch([{ ...recordOf('said'), ...record }], 1).bytes(view, 'none')
  return decodeLogRecords(body)[0] as ReceivedLogRecord
}

describe('a text that is cut', () => {
  it('is a beginning of it, in whole characters, of at most so many bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 4, max: 80 }), (text, most) => {
        const cut = cutAt(most)(text) as string
        expect(text.startsWith(cut)).toBe(true)
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most)
        if (Buffer.byteLength(text) <= most) expect(cut).toBe(text)
        else expect(Buffer.byteLength(cut)).toBeGreaterThan(most - 4)
      }),
    )
  })

  it('is also one in a list; what is no text stays', () => {
    expect(cutAt(4)(['abcdef', 1, 'äää'])).toEqual(['abcd', 1, 'ää'])
    expect(cutAt(4)(123_456)).toBe(123_456)
  })
})

describe('what Grafana gets', () => {
  it('has texts as long as Tempo keeps them, and as Loki does', async () => {
    const attributes = { long: 'é'.repeat(2_000), list: ['x'.repeat(3_000)], short: 'a', count: 7 }
    const span = await spanIn(grafanaView, { attributes })
    expect(span.attributes).toEqual({ long: 'é'.repeat(1_024), list: ['x'.repeat(2_048)], short: 'a', count: 7 })
    const stack = 'at f\n'.repeat(10_000)
    const record = await recordIn(grafanaView, { attributes: { ...attributes, 'exception.stacktrace': stack } })
    expect(record.attributes['long']).toBe(attributes.long)
    expect(record.attributes['exception.stacktrace']).toBe(stack.slice(0, 16_384))
  })

  it('has no key for which Loki refuses a request, and nothing of Logfire', async () => {
    const attributes = { '': 1, '...': 2, __: 3, 'logfire.msg': 'm', 'tenant.id': 't', _a: 4 }
    expect((await recordIn(grafanaView, { attributes })).attributes).toEqual({ 'tenant.id': 't', _a: 4 })
    expect((await spanIn(grafanaView, { attributes })).attributes).toEqual({ 'tenant.id': 't', _a: 4 })
  })
})

describe('a log record that is more than Loki takes', () => {
  const many = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`a${index}`, index]))

  it('keeps whose it is and what went wrong, and says how much it lost', async () => {
    const attributes = { ...many, map: { x: 1, y: { z: 2 } }, 'tenant.id': 't', 'exception.type': 'E' }
    const record = await recordIn(grafanaView, { attributes, droppedAttributesCount: 3 })
    const keys = Object.keys(record.attributes)
    // One entry is that of the resource.
    expect(keys).toHaveLength(117)
    expect(keys.slice(0, 3)).toEqual(['tenant.id', 'exception.type', 'a0'])
    expect(record.droppedAttributesCount).toBe(3 + 123 - 117)
    const { attributes: all, droppedAttributesCount } = await recordIn(plainView, { attributes })
    expect([all, droppedAttributesCount]).toEqual([attributes, 0])
  })

  it('counts the members of maps, as Loki makes entries of them', async () => {
    const record = await recordIn(grafanaView, { attributes: { first: 1, map: many, last: 2 } })
    expect([record.attributes, record.droppedAttributesCount]).toEqual([{ first: 1, last: 2 }, 1])
  })

  it('has no more text than 64 KiB beside it, nor a line of more than 256', async () => {
    const texts = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`t${index}`, 'x'.repeat(20_000)]))
    const record = await recordIn(grafanaView, {
      attributes: { ...texts, 'tenant.id': 't' },
      body: 'é'.repeat(200_000),
    })
    expect(Object.entries(record.attributes).map(([key, value]) => [key, String(value).length])).toEqual([
      ['tenant.id', 1],
      ['t0', 16_384],
      ['t1', 16_384],
      ['t2', 16_384],
    ])
    expect(record.droppedAttributesCount).toBe(2)
    expect(record.body).toBe('é'.repeat(128_000))
    const lines = { lines: Array.from({ length: 50_000 }, (_, index) => `line ${index}`) }
    const mapped = await recordIn(grafanaView, { body: lines })
    expect(mapped.body).toBe(JSON.stringify(lines).slice(0, 256_000))
    expect((await recordIn(grafanaView, { body: { lines: ['a'] } })).body).toEqual({ lines: ['a'] })
  })
})

describe('what Logfire gets', () => {
  it.each([
    ['a span that failed', { status: { code: SpanStatusCode.ERROR } }, 17],
    ['a request with a wrong content', { kind: SpanKind.SERVER, attributes: { 'http.response.status_code': 404 } }, 13],
    ['a request that failed', { kind: SpanKind.SERVER, attributes: { 'http.response.status_code': 503 } }, 17],
    ['a call that was refused', { kind: SpanKind.CLIENT, attributes: { 'http.response.status_code': 404 } }, 17],
    [
      'a request that was answered',
      { kind: SpanKind.SERVER, attributes: { 'http.response.status_code': 200 } },
      undefined,
    ],
    ['a level of its own', { status: { code: SpanStatusCode.ERROR }, attributes: { 'logfire.level_num': 5 } }, 5],
  ] as const)('has a level for %s', async (_, span, level) => {
    expect((await spanIn(logfireView, span)).attributes['logfire.level_num']).toBe(level)
  })

  it('has a message for each record, as long as it is shown', async () => {
    expect((await recordIn(logfireView, { body: 'done' })).attributes).toEqual({ 'logfire.msg': 'done' })
    expect((await recordIn(logfireView, { body: 'ä'.repeat(500) })).attributes).toEqual({
      'logfire.msg': 'ä'.repeat(256),
    })
    expect((await recordIn(logfireView, { body: { a: 1 }, eventName: 'order.made' })).attributes).toEqual({
      'logfire.msg': 'order.made',
    })
    const own = { 'logfire.msg': 'mine' }
    expect((await recordIn(logfireView, { body: 'done', attributes: own })).attributes).toEqual(own)
  })
})

describe('views', () => {
  it('are each encoded once, and change nothing for one another', async () => {
    const batch = traceBatch([spanOf('one', { long: 'x'.repeat(5_000) })], 1)
    const [plain, same, grafana] = [
      batch.bytes(plainView, 'gzip'),
      batch.bytes({ id: 'plain' }, 'gzip'),
      batch.bytes(grafanaView, 'none'),
    ]
    expect(same).toBe(plain)
    expect(decodeSpans((await grafana).body)[0]?.attributes['long']).toHaveLength(2_048)
    expect(decodeSpans((await batch.bytes(plainView, 'none')).body)[0]?.attributes['long']).toHaveLength(5_000)
  })
})
