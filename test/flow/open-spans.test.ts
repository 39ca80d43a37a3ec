import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSink, type OtlpSink, type ReceivedSpan } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

async function sinkForTest(): Promise<OtlpSink> {
  const sink = await otlpSink()
  onTestFinished(() => sink.close())
  return sink
}

const called = (sink: OtlpSink, name: string): ReceivedSpan[] => sink.spans().filter((span) => span.name === name)

describe('spans that are open when the process crashes', () => {
  it('are on disk then, marked, with their tenant, and the next process delivers them', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'signalbox-open-spans-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const sink = await sinkForTest()
    sink.answer('hang')
    const env = {
      TELEMETRY_BACKENDS: 'otlp',
      OTEL_SERVICE_NAME: 'interrupted',
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      TELEMETRY_SPOOL: 'on-failure',
      TELEMETRY_SPOOL_DIR: dir,
    }
    const app = runApp('interrupted.ts', { args: ['crashes', '60000'], env })
    expect(await app.ended).toMatchObject({ code: 1 })
    expect(app.stderr.join('\n')).toMatch(/signalbox: left on disk, for the next process to deliver: 5 items to "otlp"/)
    sink.answer(200)
    expect(await runApp('numbered.ts', { args: ['0'], env }).ended).toMatchObject({ code: 0 })

    expect(
      sink
        .spans()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['done', 'failed before', 'job', 'query'])
    const [job] = called(sink, 'job')
    const [query] = called(sink, 'query')
    expect(job).toMatchObject({
      attributes: { 'tenant.id': 'acme', step: 1, 'signalbox.interrupted': true },
      status: { code: 2, message: 'the process crashed before it ended' },
    })
    expect(query).toMatchObject({
      parentSpanId: job?.spanId,
      traceId: job?.traceId,
      attributes: { 'tenant.id': 'acme', 'signalbox.interrupted': true },
      status: { code: 2 },
    })
    expect(called(sink, 'failed before')[0]?.status).toMatchObject({ message: 'own words' })
    expect(called(sink, 'done')[0]?.attributes).not.toHaveProperty('signalbox.interrupted')
    expect(sink.logRecords().filter(({ severityNumber }) => severityNumber === 21)).toHaveLength(1)
  })

  it('end as ever in an application that survives', async () => {
    const sink = await sinkForTest()
    const env = { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }
    const app = runApp('interrupted.ts', { args: ['survives', '50'], env })
    expect(await app.ended).toMatchObject({ code: 0 })
    expect(app.stdout).toEqual(['survived'])
    expect(sink.spans()).toHaveLength(4)
    expect(sink.spans().filter(({ attributes }) => 'signalbox.interrupted' in attributes)).toEqual([])
  })
})

describe('spans that are open for more than a second', () => {
  it('are shown at Logfire while they are, and nowhere else', async () => {
    const [logfire, official, off, other] = [
      await sinkForTest(),
      await sinkForTest(),
      await sinkForTest(),
      await sinkForTest(),
    ]
    const app = runApp('interrupted.ts', {
      args: ['waits', '2500'],
      env: {
        TELEMETRY_BACKENDS: 'logfire,logfire:official,logfire:off,otlp:other',
        LOGFIRE_TOKEN: 'pylf_v1_eu_secret',
        LOGFIRE_BASE_URL: logfire.url,
        TELEMETRY_OFFICIAL_TOKEN: 'pylf_v1_eu_secret',
        TELEMETRY_OFFICIAL_BASE_URL: official.url,
        TELEMETRY_OFFICIAL_EXPORTER: 'official',
        TELEMETRY_OFF_TOKEN: 'pylf_v1_eu_secret',
        TELEMETRY_OFF_BASE_URL: off.url,
        TELEMETRY_OFF_PENDING_SPANS: 'false',
        TELEMETRY_OTHER_ENDPOINT: other.url,
      },
    })
    await logfire.waitFor(() => called(logfire, 'query').length === 1)
    const [pending] = called(logfire, 'query')
    expect(await app.ended).toMatchObject({ code: 0 })
    const [job] = called(other, 'job')
    const [query] = called(other, 'query')
    expect(pending).toMatchObject({
      traceId: query?.traceId,
      parentSpanId: query?.spanId,
      startTimeUnixNano: query?.startTimeUnixNano,
      endTimeUnixNano: query?.startTimeUnixNano,
      attributes: {
        'tenant.id': 'acme',
        'logfire.span_type': 'pending_span',
        'logfire.pending_parent_id': job?.spanId,
      },
    })
    expect(pending?.spanId).not.toBe(query?.spanId)
    for (const sink of [logfire, official]) {
      expect(
        sink
          .spans()
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(['done', 'failed before', 'failed before', 'job', 'job', 'query', 'query'])
      const root = called(sink, 'job').find(({ attributes }) => 'logfire.span_type' in attributes)
      expect(root?.attributes).toMatchObject({ step: 1, 'logfire.pending_parent_id': '0000000000000000' })
    }
    for (const sink of [off, other]) {
      expect(sink.spans()).toHaveLength(4)
      expect(sink.spans().filter(({ attributes }) => 'logfire.span_type' in attributes)).toEqual([])
    }
  })
})
