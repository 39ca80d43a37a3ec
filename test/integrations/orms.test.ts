import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts'
import { startPostgres } from '../support/postgres.ts'
import { launchApp, type RunningApp } from '../support/run-app.ts'

describe('a query builder on pg', () => {
  let sink: OtlpSink
  let app: RunningApp
  let url: string
  let postgres: Awaited<ReturnType<typeof startPostgres>>

  beforeAll(async () => {
    sink = await otlpSink()
    postgres = await startPostgres()
    app = launchApp('../../integrations/apps/orm-service.ts', {
      env: {
        TELEMETRY_BACKENDS: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        TELEMETRY_BATCH_MAX_AGE: '50ms',
        DATABASE_URL: postgres.url,
      },
    })
    url = `http://127.0.0.1:${(await app.line(/^listening (\d+)$/))[1]}`
  })

  afterAll(async () => {
    app.kill('SIGTERM')
    await app.ended
    await postgres.stop()
    await sink.close()
  })

  it.each([
    [
      'drizzle',
      'insert into "notes" ("id", "title") values ($1, $2)',
      'select "id", "title" from "notes" where "notes"."id" = $1',
    ],
    ['kysely', 'insert into "notes" ("id", "title") values ($1, $2)', 'select * from "notes" where "id" = $1'],
  ])('%s leaves the spans of its statements, with the tenant and without values', async (name, insert, select) => {
    const rows: unknown = await (await fetch(`${url}/${name}`)).json()
    expect(rows).toEqual([{ id: `${name[0]}-1`, title: 'a secret title' }])
    const entry = (): string | undefined =>
      sink.spans().find(({ kind, attributes }) => kind === 2 && attributes['url.path'] === `/${name}`)?.traceId
    await sink.waitFor(() => entry() !== undefined)
    const queries = sink
      .spans()
      .filter(({ traceId, attributes }) => traceId === entry() && attributes['db.query.text'] !== undefined)
      .sort((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1))
    expect(queries.map((span) => [span.name, span.attributes['db.query.text']])).toEqual([
      ['BEGIN', 'begin'],
      ['INSERT notes', insert],
      ['COMMIT', 'commit'],
      ['SELECT notes', select],
    ])
    for (const { attributes } of queries)
      expect(attributes).toMatchObject({ 'tenant.id': 'acme', 'db.system': 'postgresql' })
    expect(JSON.stringify(queries)).not.toContain('a secret')
  })
})
