import { expect, it, onTestFinished } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { startPostgres } from '../support/postgres.ts'
import { runApp } from '../support/run-app.ts'

const requests = 200
const tenants = 50

it('binds late and never mixes up 200 interleaved requests of 50 tenants, through http, timers, streams, emitters and pg', async () => {
  const [sink, official, postgres] = await Promise.all([otlpSink(), otlpSink(), startPostgres()])
  onTestFinished(() => postgres.stop())
  onTestFinished(async () => void (await Promise.all([sink.close(), official.close()])))
  const app = runApp('interleaved.ts', {
    env: {
      TELEMETRY_BACKENDS: 'otlp,otlp:official',
      TELEMETRY_OFFICIAL_ENDPOINT: official.url,
      TELEMETRY_OFFICIAL_EXPORTER: 'official',
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      DATABASE_URL: postgres.url,
      TELEMETRY_INSTRUMENTATIONS: 'http,undici,pino,pg',
      TELEMETRY_LOG_STDOUT: 'false',
    },
  })
  const port = (await app.line(/^listening (\d+)$/))[1]
  const answers = await Promise.all(
    Array.from({ length: requests }, async (_, index) => {
      const answer = await fetch(`http://127.0.0.1:${port}/?tenant=t${index % tenants}`, {
        method: 'POST',
        body: 'body',
      })
      return answer.text()
    }),
  )
  expect(new Set(answers)).toEqual(new Set(['done']))
  app.kill('SIGTERM')
  expect(await app.ended).toMatchObject({ code: 0 })
  expect(app.stderr).toEqual([])

  // What is encoded here is what the official exporters send of the same spans and records.
  const byId = (one: { spanId: string }, other: { spanId: string }): number => one.spanId.localeCompare(other.spanId)
  expect(sink.spans().toSorted(byId)).toEqual(official.spans().toSorted(byId))
  const inOrder = (records: readonly object[]): string[] => records.map((record) => JSON.stringify(record)).toSorted()
  expect(inOrder(sink.logRecords())).toEqual(inOrder(official.logRecords()))

  const spans = sink.spans()
  const steps = ['promise', 'timer', 'stream', 'emitter', 'pool', 'pool callback']
  for (const step of [...steps, 'middleware']) expect(spans.filter(({ name }) => name === step)).toHaveLength(requests)
  const servers = spans.filter(({ kind }) => kind === 2)
  expect(servers).toHaveLength(requests)
  const queries = spans.filter(
    ({ attributes }) => attributes['db.system.name'] === 'postgresql' && 'db.query.text' in attributes,
  )
  expect(queries.length).toBe(requests * 3)

  const expectedOf = ({ attributes }: { attributes: Record<string, unknown> }): string | undefined => {
    const query = /of (t\d+)/.exec(String(attributes['db.query.text']))?.[1]
    const url = /tenant=(t\d+)/.exec(String(attributes['url.query']))?.[1]
    return (attributes['expected'] as string | undefined) ?? query ?? url
  }
  const known = spans.filter((span) => expectedOf(span) !== undefined)
  expect(known.length).toBe(requests * (steps.length + 2 + 2))
  for (const span of known) {
    const id = expectedOf(span)
    expect([span.name, span.attributes['tenant.id'], span.attributes['user.id']]).toEqual([
      span.name,
      id,
      `user of ${id}`,
    ])
  }
  // Every span of a trace, of whatever library, is of the tenant of its server span.
  const tenantOfTrace = new Map(servers.map((server) => [server.traceId, server.attributes['tenant.id']]))
  expect(tenantOfTrace.size).toBe(requests)
  for (const span of spans) expect(span.attributes['tenant.id'], span.name).toBe(tenantOfTrace.get(span.traceId))

  const records = sink.logRecords()
  for (const prefix of ['', 'foreign ', 'raw ']) {
    for (const step of steps)
      expect(
        records.filter(({ body }) => body === prefix + step),
        prefix + step,
      ).toHaveLength(requests)
  }
  for (const { body, attributes, traceId } of records) {
    expect([body, attributes['tenant.id']]).toEqual([body, attributes['expected']])
    expect(tenantOfTrace.get(traceId)).toBe(attributes['expected'])
  }
}, 60_000)
