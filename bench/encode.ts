// A measured process: what the encoding of a batch of 512 costs, by the official serializer and by ours, and nothing else.
import { trace } from '@opentelemetry/api'
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace'
import { plainView } from '../src/backends/view.ts'
import { Encoder } from '../src/pipeline/encode/encoder.ts'
import { median } from './run.ts'

const batch = 512
const rounds = 15
const repetitions = 300

const spans: ReadableSpan[] = []
const resource = resourceFromAttributes({ 'service.name': 'api', 'service.namespace': 'production', 'host.name': 'a1' })
const provider = new TracerProvider({
  resource,
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: (span) => void spans.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
  ],
})
trace.setGlobalTracerProvider(provider)
const tenant = { 'tenant.id': '3f1f6f0e-2b1c-4c7e-9e1d-0c3e1b2a4d5f', 'user.id': 'user_01HXYZABCDEFGHJKMNPQRSTVWX' }
for (let index = 0; index < batch; index += 1) {
  const span = trace.getTracer('http', '1.0.0').startSpan('GET /orders/:id', {
    kind: 1,
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/orders/:id',
      'url.path': `/orders/${index}`,
      'url.scheme': 'https',
      'server.address': 'api.internal',
      'server.port': 8_080,
      'network.protocol.version': '1.1',
      'user_agent.original': 'undici/7.30.2 (node; linux)',
      'request.id': `5f1f6f0e-2b1c-4c7e-9e1d-0c3e1b2a${index}`,
      ...tenant,
    },
  })
  span.setAttribute('http.response.status_code', 200)
  span.end()
}
const scope = { name: 'pino', version: '10.0.0' }
const records = spans.map((span, index): ReadableLogRecord => ({
  hrTime: span.startTime,
  hrTimeObserved: span.endTime,
  resource,
  instrumentationScope: scope,
  severityNumber: 9,
  severityText: 'info',
  body: 'order stored',
  attributes: { ...tenant, orderId: index, route: '/orders/:id', durationMs: 12.5, customer: 'acme' },
  droppedAttributesCount: 0,
  spanContext: span.spanContext(),
}))

const encoder = new Encoder(plainView)
const work = {
  'span, stock': () => ProtobufTraceSerializer.serializeRequest(spans),
  'span, ours': () => encoder.spans(spans),
  'log record, stock': () => ProtobufLogsSerializer.serializeRequest(records),
  'log record, ours': () => encoder.logs(records),
} as const

function microsOf(encode: () => unknown): number {
  const before = process.threadCpuUsage()
  for (let repetition = 0; repetition < repetitions; repetition += 1) encode()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / repetitions / batch
}

const measured = new Map<string, number[]>(Object.keys(work).map((name) => [name, []]))
for (let round = 0; round < rounds; round += 1) {
  // They take turns; the first rounds are there for the compiler.
  for (const [name, encode] of Object.entries(work)) measured.get(name)?.push(microsOf(encode))
}
process.send?.({
  spanBytes: Math.round(encoder.spans(spans).bytes.length / batch),
  recordBytes: Math.round(encoder.logs(records).bytes.length / batch),
  micros: Object.fromEntries([...measured].map(([name, micros]) => [name, median(micros.slice(5))])),
})
process.disconnect?.()
