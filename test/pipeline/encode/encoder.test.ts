import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainView } from '../../../src/backends/view.ts'
import { Encoder } from '../../../src/pipeline/encode/encoder.ts'
import { decodeLogs, decodeTraces } from '../../support/decode-otlp.ts'
import { anyRecord, anySpan } from '../../support/otlp-arbitraries.ts'

/** Fewer where they were run in full just before, and each is slow for being measured. */
const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 10_000)
const encoder = new Encoder(plainView)

interface Kind {
  readonly fields: Readonly<Record<string, string | number | boolean>>
  readonly isSmall: boolean
  readonly isBroken: boolean
}

function fails(): never {
  throw new Error('it cannot be read')
}

describe('the encoder', () => {
  it('says of spans what the official serializer says', () => {
    fc.assert(
      fc.property(fc.array(anySpan, { minLength: 1, maxLength: 4 }), (spans) => {
        const { bytes, count } = encoder.spans(spans)
        expect(decodeTraces(bytes)).toEqual(decodeTraces(ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array))
        expect(count).toBe(spans.length)
      }),
      { numRuns },
    )
  }, 300_000)

  it('says the same where values come again and again, in spans, events and links', () => {
    const few = fc.dictionary(
      fc.constantFrom('a', 'tenant.id', 'é'),
      fc.constantFrom('', 'x', 'Zürich', 'y'.repeat(290), 'z'.repeat(400), 7, true, ['x'], '\ud800'),
    )
    const repetitive = fc
      .record({ span: anySpan, attributes: few, ofEvent: few, ofLink: few })
      .map(({ span, attributes, ofEvent, ofLink }) => ({
        ...span,
        attributes,
        events: span.events.map((event) => ({ ...event, attributes: ofEvent })),
        links: span.links.map((link) => ({ ...link, attributes: ofLink })),
      }))
    fc.assert(
      fc.property(fc.array(repetitive, { minLength: 5, maxLength: 12 }), (given) => {
        const spans = given as unknown as ReadableSpan[]
        const { bytes } = encoder.spans(spans)
        expect(decodeTraces(bytes)).toEqual(decodeTraces(ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array))
      }),
      { numRuns: 1_000 },
    )
  })

  it('says the same of items large and small, with some between them that cannot be read', () => {
    const fields = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'tenant.id'),
      fc.constantFrom('', 'x', 'Zürich', 'y'.repeat(130), 7, 8, 1.5, true),
    )
    const kind = fc.record({ fields, isSmall: fc.boolean(), isBroken: fc.boolean() })
    const origin = {
      resource: resourceFromAttributes({ 'service.name': 'api' }),
      instrumentationScope: { name: 'http' },
    }
    const made = <Item extends object>(
      whole: Item,
      small: Partial<Item>,
      { fields: own, isSmall, isBroken }: Kind,
    ): Item => ({
      ...whole,
      ...(isSmall && small),
      ...origin,
      attributes: isBroken ? Object.defineProperty({ ...own }, 'broken', { get: fails, enumerable: true }) : own,
    })
    const given = fc.array(fc.tuple(kind, anySpan, anyRecord), { minLength: 5, maxLength: 12 })
    fc.assert(
      fc.property(given, (all) => {
        const readable = all.filter(([{ isBroken }]) => !isBroken)
        fc.pre(readable.length > 0)
        const spansOf = (items: typeof all): ReadableSpan[] =>
          items.map(([each, span]) => made(span, { name: '', events: [], links: [] }, each))
        const recordsOf = (items: typeof all): ReadableLogRecord[] =>
          items.map(([each, , record]) => made(record, { body: '' }, each))
        expect(decodeTraces(encoder.spans(spansOf(all)).bytes)).toEqual(
          decodeTraces(ProtobufTraceSerializer.serializeRequest(spansOf(readable)) as Uint8Array),
        )
        expect(decodeLogs(encoder.logs(recordsOf(all)).bytes)).toEqual(
          decodeLogs(ProtobufLogsSerializer.serializeRequest(recordsOf(readable)) as Uint8Array),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('says of log records what the official serializer says', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 4 }), (records) => {
        const { bytes, count } = encoder.logs(records)
        expect(decodeLogs(bytes)).toEqual(decodeLogs(ProtobufLogsSerializer.serializeRequest(records) as Uint8Array))
        expect(count).toBe(records.length)
      }),
      { numRuns },
    )
  }, 300_000)
})
