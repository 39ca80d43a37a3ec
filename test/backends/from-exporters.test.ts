import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import { InMemoryLogRecordExporter } from '@opentelemetry/sdk-logs'
import { InMemorySpanExporter, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import { describe, expect, it } from 'vitest'
import { outcomeOfFailure, readableMessage } from '../../src/backends/parts/export-failure.ts'
import { fromExporters } from '../../src/backends/parts/from-exporters.ts'
import { logsOf, tracesOf } from '../support/telemetry-items.ts'

const success: ExportResult = { code: ExportResultCode.SUCCESS }
const never = new AbortController().signal

function exporterThat(exports: (spans: ReadableSpan[], done: (result: ExportResult) => void) => void): SpanExporter {
  return { export: exports, shutdown: () => Promise.resolve() }
}

describe('fromExporters', () => {
  it('delivers through the official in-memory exporters, and shuts them down', async () => {
    const traces = new InMemorySpanExporter()
    const logs = new InMemoryLogRecordExporter()
    const backend = fromExporters({ traces, logs })
    expect(backend.signals).toEqual(['traces', 'logs'])
    expect(await backend.deliver(tracesOf('a', 'b'), never)).toEqual({ kind: 'delivered' })
    expect(await backend.deliver(logsOf('c'), never)).toEqual({ kind: 'delivered' })
    expect(traces.getFinishedSpans().map(({ name }) => name)).toEqual(['a', 'b'])
    expect(logs.getFinishedLogRecords().map(({ body }) => body)).toEqual(['c'])
    await backend.close?.()
    expect(traces.getFinishedSpans()).toEqual([])
    expect(await backend.deliver(tracesOf('d'), never)).toMatchObject({ kind: 'retry', reason: 'export_failed' })
  })

  it('makes an exporter at its first batch, once, and again after a failure to make it', async () => {
    let made = 0
    const exporter = new InMemorySpanExporter()
    const backend = fromExporters({
      traces: async () => {
        made += 1
        if (made === 1) throw new Error('not installed')
        return exporter
      },
    })
    expect([made, backend.signals]).toEqual([0, ['traces']])
    await expect(backend.deliver(tracesOf('a'), never)).rejects.toThrow('not installed')
    expect(await backend.deliver(tracesOf('b'), never)).toEqual({ kind: 'delivered' })
    expect(await backend.deliver(tracesOf('c'), never)).toEqual({ kind: 'delivered' })
    expect(made).toBe(2)
    expect(await backend.deliver(logsOf('d'), never)).toEqual({ kind: 'rejected', reason: 'signal_not_supported' })
  })

  it('does not make an exporter to close it', async () => {
    let made = 0
    await fromExporters({ traces: () => ((made += 1), new InMemorySpanExporter()) }).close?.()
    expect(made).toBe(0)
  })

  it('counts the first call of the callback alone, and takes rubbish in it as a failure', async () => {
    const twice = fromExporters({
      traces: exporterThat((_, done) => (done(success), done({ code: ExportResultCode.FAILED }))),
    })
    expect(await twice.deliver(tracesOf('a'), never)).toEqual({ kind: 'delivered' })
    const rubbish = fromExporters({ traces: exporterThat((_, done) => done(undefined as never)) })
    expect(await rubbish.deliver(tracesOf('a'), never)).toMatchObject({ kind: 'retry', reason: 'export_failed' })
  })

  it('rejects when the exporter throws, at once or later', async () => {
    const atOnce = fromExporters({
      traces: exporterThat(() => {
        throw new Error('broken')
      }),
    })
    await expect(atOnce.deliver(tracesOf('a'), never)).rejects.toThrow('broken')
    const later = fromExporters({ traces: exporterThat(() => Promise.reject(new Error('broken later')) as never) })
    await expect(later.deliver(tracesOf('a'), never)).rejects.toThrow('broken later')
  })

  it('ends when it is aborted, though the exporter never calls back', async () => {
    const backend = fromExporters({ traces: exporterThat(() => {}) })
    const controller = new AbortController()
    const delivery = backend.deliver(tracesOf('a'), controller.signal)
    controller.abort()
    expect(await delivery).toEqual({ kind: 'retry', reason: 'aborted' })
    expect(await backend.deliver(tracesOf('a'), AbortSignal.abort())).toEqual({ kind: 'retry', reason: 'aborted' })
  })

  it('gives an exporter a list of its own', async () => {
    const batch = tracesOf('a', 'b')
    await fromExporters({ traces: exporterThat((spans, done) => (spans.splice(0), done(success))) }).deliver(
      batch,
      never,
    )
    expect(batch.spans).toHaveLength(2)
  })
})

describe('outcomeOfFailure', () => {
  it.each([
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'connection_refused'],
    [Object.assign(new Error('cert'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'tls_error'],
    [Object.assign(new Error('cert'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'tls_error'],
    [Object.assign(new Error('odd'), { code: 'constructor' }), 'export_failed'],
    [new Error('Request timed out'), 'timeout'],
    [undefined, 'export_failed'],
    ['text', 'export_failed'],
  ])('names what is worth another attempt: %s', (error, reason) => {
    expect(outcomeOfFailure(error)).toMatchObject({ kind: 'retry', reason })
  })

  it('says what all addresses of a host answered', () => {
    const error = Object.assign(new AggregateError([new Error('refused at ::1'), new Error('refused at 127.0.0.1')]), {
      code: 'ECONNREFUSED',
    })
    expect(outcomeOfFailure(error)).toEqual({
      kind: 'retry',
      reason: 'connection_refused',
      message: 'refused at ::1; refused at 127.0.0.1',
    })
  })
})

describe('readableMessage', () => {
  const long = 'entry too far behind '.repeat(20)
  it.each([
    ['{"error":"quota"}', 'quota'],
    ['{"detail":"spent"}', 'spent'],
    ['[1]', '[1]'],
    [`\u0012\u0004quot\u001a\u0002xx`, 'quot'],
    [
      Buffer.concat([
        Buffer.from([8, 3, 0x12, (long.length & 0x7f) | 0x80, long.length >> 7]),
        Buffer.from(long),
      ]).toString(),
      long,
    ],
    ['<p>Bad <b>gateway</b></p>', 'Bad gateway'],
  ])('reads %j', (body, message) => expect(readableMessage(body)).toBe(message))
})
