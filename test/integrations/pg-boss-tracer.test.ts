import { context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { pgBossTelemetry } from '../../src/integrations/pg-boss.ts'
import { localSdk } from '../support/local-sdk.ts'

let sdk: ReturnType<typeof localSdk>
let boss: Tracer
beforeEach(() => {
  sdk = localSdk()
  boss = pgBossTelemetry().tracerProvider.getTracer('pg-boss')
})
afterEach(() => sdk.stop())

const operation = (name: string, queue: string, kind: SpanKind, count?: number): Span =>
  boss.startSpan(`${name} ${queue}`, {
    kind,
    attributes: {
      'messaging.operation.name': name,
      'messaging.destination.name': queue,
      ...(count !== undefined && { 'messaging.batch.message_count': count }),
    },
  })

/** A query as `pg`'s instrumentation makes it: where there is a span around. */
function query(): void {
  if (trace.getSpan(context.active()) === undefined) return
  const attributes = { 'db.system.name': 'postgresql' }
  trace.getTracer('pg').startSpan('query', { kind: SpanKind.CLIENT, attributes }).end()
}

const inside = (span: Span, fn: () => void): void => context.with(trace.setSpan(context.active(), span), fn)
const names = (): string[] => sdk.spans.map(({ name }) => name)

it('a batch is not failed by failing as many jobs of another queue', () => {
  const batch = context.with(ROOT_CONTEXT, () => operation('process', 'notes', SpanKind.CONSUMER, 2))
  inside(batch, () => {
    operation('fail', 'other', SpanKind.CLIENT, 2).end()
    operation('complete', 'notes', SpanKind.CLIENT, 2).end()
  })
  batch.end()
  expect(names()).toEqual(['fail other', 'process notes'])
  expect(sdk.span('process notes').status.code).toBe(SpanStatusCode.UNSET)
})

it('asking for jobs where there are none leaves nothing behind, the query neither', () => {
  for (const count of [0, 3]) {
    const receive = operation('receive', 'notes', SpanKind.CLIENT)
    inside(receive, query)
    receive.setAttribute('messaging.batch.message_count', count)
    receive.end()
  }
  expect(names()).toEqual(['receive notes'])
  expect(sdk.span('receive notes').attributes['messaging.batch.message_count']).toBe(3)
})

it('asking for jobs that fails is seen', () => {
  const receive = operation('receive', 'notes', SpanKind.CLIENT)
  receive.recordException(new Error('connection lost'))
  receive.setStatus({ code: SpanStatusCode.ERROR })
  receive.end()
  expect([sdk.span('receive notes').status.code, sdk.span('receive notes').events.length]).toEqual([2, 1])
})

it('what the library does for itself leaves no query, and what it sends for a schedule is seen', () => {
  const own = operation('send', '__pgboss__send-it', SpanKind.PRODUCER)
  inside(own, () => {
    query()
    operation('send', 'notes', SpanKind.PRODUCER).end()
  })
  own.end()
  expect(names()).toEqual(['send notes'])
  expect(sdk.span('send notes').parentSpanContext).toBeUndefined()
})
