import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OtlpSink, otlpSink, type ReceivedSpan } from '../support/otlp-sink.ts'
import { startPostgres } from '../support/postgres.ts'
import { launchApp, type RunningApp } from '../support/run-app.ts'

const [INTERNAL, CLIENT] = [1, 3]

describe('calls of other services', () => {
  let sink: OtlpSink
  let app: RunningApp
  let url: string
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  const seen: { path: string; headers: IncomingHttpHeaders }[] = []
  const peer = createServer((request, response) => {
    seen.push({ path: request.url ?? '', headers: request.headers })
    response.writeHead(request.url?.includes('/wait') ? 504 : 200).end('{}')
  })

  beforeAll(async () => {
    sink = await otlpSink()
    postgres = await startPostgres()
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    const { port } = peer.address() as AddressInfo
    const { port: databasePort } = new URL(postgres.url)
    app = launchApp('../../integrations/apps/calls-service.ts', {
      env: {
        TELEMETRY_BACKENDS: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        TELEMETRY_BATCH_MAX_AGE: '50ms',
        TELEMETRY_PEER_SERVICES: `localhost=stripe,127.0.0.1:${databasePort}=orders-db`,
        TELEMETRY_PROPAGATE_TO: '*',
        DATABASE_URL: postgres.url,
        FLY_FLAPS_BASE_URL: `http://127.0.0.1:${port}`,
        STRIPE_URL: `http://localhost:${port}`,
      },
    })
    url = `http://127.0.0.1:${(await app.line(/^listening (\d+)$/))[1]}`
  })

  afterAll(async () => {
    app.kill('SIGTERM')
    await app.ended
    await postgres.stop()
    peer.close()
    await sink.close()
  })

  /** The spans of a request, without its own. */
  async function spansOf(path: string): Promise<ReceivedSpan[]> {
    const response = await fetch(url + path)
    expect(response.status).toBe(200)
    const entry = (): ReceivedSpan | undefined =>
      sink.spans().find(({ kind, attributes }) => kind === 2 && attributes['url.path'] === path)
    await sink.waitFor(() => entry() !== undefined)
    return sink.spans().filter((span) => span.traceId === entry()?.traceId && span.kind !== 2)
  }

  it('name a query by what it does, with both spellings of the system, and without its values', async () => {
    const spans = await spansOf('/query')
    const query = spans.find(({ name }) => name.startsWith('SELECT'))
    expect([query?.name, query?.kind]).toEqual(['SELECT', CLIENT])
    expect(query?.attributes).toMatchObject({
      'db.system': 'postgresql',
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'db.operation.name': 'SELECT',
      'db.query.text': 'select id, ? as value from (values (?), (?)) as notes (id) where id > $1',
      'db.response.returned_rows': 2,
      'peer.service': 'orders-db',
      'service.peer.name': 'orders-db',
      'tenant.id': 'acme',
    })
    expect(JSON.stringify(spans)).not.toContain('a secret')
  })

  it('count the rows that a statement changed', async () => {
    const insert = (await spansOf('/change')).find(({ name }) => name.startsWith('INSERT'))
    expect(insert?.name).toBe('INSERT notes')
    expect(insert?.attributes).toMatchObject({ 'db.response.affected_rows': 2, 'db.query.summary': 'INSERT notes' })
    expect(JSON.stringify(insert)).not.toContain('198765432')
  })

  it('say by its code why a statement failed, not by its message', async () => {
    const spans = await spansOf('/fail')
    const query = spans.find(({ status }) => status.code === 2)
    expect(query?.attributes).toMatchObject({ 'error.type': '22P02', 'db.response.status_code': '22P02' })
    expect(JSON.stringify(spans)).not.toContain('a secret')
  })

  it('show a wait for the pool as what it is: no call', async () => {
    const spans = await spansOf('/wait')
    const waits = spans.filter(({ name }) => name === 'pg-pool.connect')
    const first = spans.find(({ attributes }) => attributes['db.query.text'] === 'select pg_sleep(?)')
    const asleepAt = BigInt(first!.startTimeUnixNano)
    const waitsForIt = waits.filter(
      ({ startTimeUnixNano: start, endTimeUnixNano: end }) =>
        BigInt(start) < asleepAt && BigInt(end) > asleepAt + 40_000_000n,
    )
    expect(waitsForIt).toHaveLength(1)
    expect(new Set(waits.map(({ kind }) => kind))).toEqual(new Set([INTERNAL]))
  })

  it('leave no span of a query that belongs to no request', async () => {
    await spansOf('/query')
    expect(sink.spans().filter(({ attributes }) => String(attributes['db.query.text']).includes('poll'))).toEqual([])
  })

  it('name a call of Fly by its route, through every client, and tell it nothing of the tenant', async () => {
    const calls = (await spansOf('/fly')).sort((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1))
    const machine = '/v1/apps/{app_name}/machines/{machine_id}'
    expect(calls.map(({ name, kind }) => [name, kind])).toEqual([
      ['POST /v1/apps/{app_name}/machines', CLIENT],
      [`POST ${machine}/start`, CLIENT],
      [`GET ${machine}/wait`, CLIENT],
    ])
    for (const { attributes } of calls) {
      expect(attributes).toMatchObject({
        'peer.service': 'fly-machines-api',
        'service.peer.name': 'fly-machines-api',
        'server.address': '127.0.0.1',
        'url.template': expect.stringContaining('{app_name}'),
        'fly.target.app.name': 'bm-tenant-1',
      })
    }
    expect(calls[2]?.status.code).toBe(2)
    const toFly = seen.filter(({ path }) => path.includes('/apps/'))
    expect(toFly).toHaveLength(3)
    for (const { headers } of toFly) {
      expect([headers['baggage'], typeof headers['traceparent']]).toEqual([undefined, 'string'])
    }
  })

  it('name the service at a host that the configuration names, and let it learn the tenant where that is allowed', async () => {
    const [call] = await spansOf('/stripe')
    expect(call?.attributes).toMatchObject({ 'peer.service': 'stripe', 'service.peer.name': 'stripe' })
    const stripe = seen.find(({ path }) => path === '/v1/charges')
    expect(stripe?.headers['baggage']).toContain('tenant.id=acme')
  })
})
