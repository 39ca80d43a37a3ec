import { type HrTime, type SpanContext, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { TraceState } from '@opentelemetry/core'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'

// Every code unit, lone surrogates included, and texts around the lengths at which their own length takes another byte.
const anyText = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
  fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 50 }).map((codes) => String.fromCharCode(...codes)),
  fc
    .tuple(
      fc.constantFrom('a', 'é', '日', '😀', '\ud800'),
      fc.constantFrom(39, 40, 41, 42, 125, 126, 127, 128, 16_383, 16_385),
    )
    .map(([unit, length]) => unit.repeat(length)),
)
const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    127,
    128,
    2 ** 32 - 1,
    2 ** 32,
    -(2 ** 32),
    2 ** 53,
    2 ** 62,
    2 ** 63,
    -(2 ** 63),
    -(2 ** 64),
    NaN,
    Infinity,
    -Infinity,
    5e-324,
  ),
)
const primitive = fc.oneof(anyText, anyNumber, fc.boolean())
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: primitive },
    fc.constantFrom(null, undefined),
    fc.uint8Array({ maxLength: 200 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 5 }),
  ),
}))
const attributes = fc.dictionary(anyText, anyValue, { maxKeys: 8 })
const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(''))
const time = fc.tuple(
  fc.integer({ min: 0, max: 2 ** 33 }),
  fc.integer({ min: 0, max: 999_999_999 }),
) as fc.Arbitrary<HrTime>
const count = fc.oneof(fc.constant(0), fc.nat(300))
const spanContext: fc.Arbitrary<SpanContext> = fc.record(
  {
    traceId: hex(32),
    spanId: hex(16),
    traceFlags: fc.constantFrom(TraceFlags.NONE, TraceFlags.SAMPLED, 3),
    isRemote: fc.boolean(),
    traceState: fc.constantFrom(new TraceState(), new TraceState('ot=th:0,vendor=x')),
  },
  { requiredKeys: ['traceId', 'spanId', 'traceFlags'] },
)
const resources = [
  resourceFromAttributes({ 'service.name': 'api', 'process.pid': 1 }),
  resourceFromAttributes({ 'service.name': 'worker', 'host.ports': [1, 2] }, { schemaUrl: 'https://schema.test/1' }),
  resourceFromAttributes({}),
]
const scopes = [
  { name: 'http' },
  { name: 'pg', version: '1.0.0', schemaUrl: 'https://schema.test/2' },
  { name: '', attributes: { a: 'b' }, droppedAttributesCount: 1 },
]
const located = { resource: fc.constantFrom(...resources), instrumentationScope: fc.constantFrom(...scopes) }

/** Spans of several resources and scopes, with everything that OTLP can hold in them. */
export const anySpan: fc.Arbitrary<ReadableSpan> = fc
  .record({
    ...located,
    context: spanContext,
    parentSpanContext: fc.option(spanContext, { nil: undefined }),
    name: anyText,
    kind: fc.integer({ min: 0, max: 4 }),
    startTime: time,
    endTime: time,
    attributes,
    droppedAttributesCount: count,
    events: fc.array(
      fc.record({ time, name: anyText, attributes, droppedAttributesCount: count }, { requiredKeys: ['time', 'name'] }),
      { maxLength: 3 },
    ),
    droppedEventsCount: count,
    links: fc.array(
      fc.record({ context: spanContext, attributes, droppedAttributesCount: count }, { requiredKeys: ['context'] }),
      { maxLength: 3 },
    ),
    droppedLinksCount: count,
    status: fc.record(
      { code: fc.constantFrom(SpanStatusCode.UNSET, SpanStatusCode.OK, SpanStatusCode.ERROR), message: anyText },
      { requiredKeys: ['code'] },
    ),
  })
  .map(({ context, ...fields }) => ({ ...fields, spanContext: () => context }) as unknown as ReadableSpan)

/** Log records, likewise. */
export const anyRecord: fc.Arbitrary<ReadableLogRecord> = fc.record(
  {
    ...located,
    hrTime: time,
    hrTimeObserved: time,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: anyText,
    body: anyValue,
    eventName: anyText,
    attributes,
    droppedAttributesCount: count,
    spanContext,
  },
  {
    requiredKeys: [
      'resource',
      'instrumentationScope',
      'hrTime',
      'hrTimeObserved',
      'attributes',
      'droppedAttributesCount',
    ],
  },
)
