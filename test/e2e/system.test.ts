import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Edge, serviceMap } from '../../examples/notes-cloud/report/service-map.ts'
import { randomFrom } from '../../examples/notes-cloud/random.ts'
import { type Call, type Called, calls, type User, usualCall } from '../../examples/notes-cloud/traffic.ts'
import type { ReceivedSpan } from '../support/otlp-sink.ts'
import { ancestry, CLIENT, CONSUMER, ERROR, orphans, PRODUCER, SERVER, serviceOf } from './support/received.ts'
import { type RunningSystem, runSystem } from './support/running-system.ts'

const call = (name: string): Call => calls[name] as Call

describe.each(['pg-boss', 'bullmq'] as const)('the system, its queue on %s', (queue) => {
  let running: RunningSystem
  let acme: User
  let provisioned: Called
  let written: Called

  beforeAll(async () => {
    running = await runSystem({ queue, backends: 'grafana,logfire,console' })
    acme = running.acme
    provisioned = await acme.call(call('provision'))
    written = await acme.call(call('writeNote'))
    await running.until(() => processedIn(written).length === 1)
  })

  afterAll(() => running?.stop())

  /** The one trace of the tool call among the HTTP requests of a call. */
  function traceOf({ requestIds }: Called): ReceivedSpan[] {
    const traces = running.received.tracesOf(requestIds).map(running.received.spansOf)
    const found = traces.filter((spans) =>
      spans.some(({ attributes }) => attributes['mcp.method.name'] === 'tools/call'),
    )
    return found.length === 1 ? (found[0] as ReceivedSpan[]) : []
  }
  const processedIn = (called: Called): ReceivedSpan[] => traceOf(called).filter(({ kind }) => kind === CONSUMER)
  const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] =>
    spans.filter((span) => span.name === name)

  it('1 makes one connected trace of a tool call, across all four services', () => {
    const spans = traceOf(written)
    expect(new Set(spans.map(serviceOf))).toEqual(new Set(['mcp-gateway', 'api', 'cloud', 'worker']))
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === '')
    expect(roots.map((root) => [serviceOf(root), root.name, root.kind])).toEqual([['mcp-gateway', 'POST /mcp', SERVER]])
    expect(orphans(spans)).toEqual([])
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  })

  it('2 stamps every span and every log record of it, of every library', () => {
    const spans = [...traceOf(written), ...traceOf(provisioned)]
    const records = spans.length === 0 ? [] : running.received.recordsOf(spans[0]!.traceId)
    expect(records.length).toBeGreaterThan(3)
    for (const { attributes, resource } of [...spans, ...records]) {
      expect(attributes).toMatchObject({
        'tenant.id': acme.account.tenantId,
        'user.id': acme.account.userId,
        'workos.user.id': acme.account.workosUserId,
      })
      expect(resource).toMatchObject({ 'service.namespace': 'test', 'service.name': expect.any(String) })
    }
    const libraries = new Set(spans.map(({ scope }) => scope.name))
    for (const library of ['instrumentation-http', 'instrumentation-undici', 'instrumentation-pg']) {
      expect([...libraries].some((name) => name.endsWith(library))).toBe(true)
    }
  })

  it('2 marks what belongs to an operation, and the instance it is about', () => {
    const spans = traceOf(provisioned)
    const [operation] = named(spans, 'provision tenant')
    const inside = spans.filter((span) => ancestry(span, spans).includes('cloud: provision tenant'))
    expect(inside.length).toBeGreaterThan(4)
    for (const { attributes } of inside) {
      expect(attributes).toMatchObject({ 'operation.type': 'provision', 'tenant.app_name': 'bm-tenant-4b7c6b1e' })
    }
    expect(operation?.attributes).toMatchObject({ 'workflow.id': expect.stringMatching(/^provision-/) })
  })

  it('3 has jobs, queries and calls of Fly in it, of the right kinds and parents', () => {
    const spans = traceOf(written)
    const [processed] = processedIn(written)
    expect(ancestry(processed, spans).slice(0, 3)).toEqual([
      'worker: process index-note',
      'cloud: send index-note',
      'cloud: POST /notes/:id/index',
    ])
    expect(spans.find(({ spanId }) => spanId === processed?.parentSpanId)?.kind).toBe(PRODUCER)
    const calls = spans.filter(({ attributes }) => attributes['db.query.text'] !== undefined)
    for (const { kind, attributes } of calls)
      expect([kind, attributes['db.system']]).toEqual([CLIENT, attributes['db.system.name']])
    const queries = calls.filter(({ attributes }) => attributes['db.system.name'] === 'postgresql')
    expect(queries.length).toBeGreaterThan(2)
    expect(JSON.stringify(queries)).not.toContain('night train')

    const provision = traceOf(provisioned)
    const fly = provision.filter(({ attributes }) => attributes['peer.service'] === 'fly-machines-api')
    expect(fly.map(({ name, kind }) => [name, kind])).toEqual([
      ['POST /v1/apps', CLIENT],
      ['POST /v1/apps/{app_name}/machines', CLIENT],
      ['GET /v1/apps/{app_name}/machines/{machine_id}/wait', CLIENT],
    ])
    expect(fly.map((span) => ancestry(span, provision)[1])).toEqual(Array(3).fill('cloud: provision tenant'))
  })

  it('4 finds by tenant exactly what each tenant sent, of 300 requests at once', async () => {
    const users = [running.acme, running.bolt, running.core]
    const random = randomFrom(4)
    const width = 30
    for (let round = 0; round < 300 / width; round += 1) {
      await Promise.all(
        Array.from({ length: width }, (_, index) => (users[index % users.length] as User).call(usualCall(random))),
      )
    }
    const sent = users.flatMap((user) => user.sent)
    const ids = new Set(sent.map(({ requestId }) => requestId))
    const isEntry = ({ kind, parentSpanId }: ReceivedSpan): boolean => kind === SERVER && parentSpanId === ''
    const entries = (): ReceivedSpan[] =>
      running.received.spans().filter((span) => isEntry(span) && ids.has(String(span.attributes['request.id'])))
    const lines = (): typeof records =>
      running.received
        .logRecords()
        .filter(
          (record) =>
            isRequestLine(record) &&
            ids.has(String(record.attributes['request.id'])) &&
            serviceOf(record) === 'mcp-gateway',
        )
    const isRequestLine = ({ attributes }: { attributes: ReceivedSpan['attributes'] }): boolean =>
      attributes['http.server.request.duration'] !== undefined
    const records = running.received.logRecords()
    await running.until(() => entries().length >= ids.size && lines().length >= ids.size)
    for (const { account } of users) {
      const own = sent.filter(({ tenantId }) => tenantId === account.tenantId).map(({ requestId }) => requestId)
      const isOwn = ({ attributes }: { attributes: ReceivedSpan['attributes'] }): boolean =>
        attributes['tenant.id'] === account.tenantId
      expect(
        entries()
          .filter(isOwn)
          .map(({ attributes }) => attributes['request.id'])
          .sort(),
      ).toEqual([...own].sort())
      expect(
        lines()
          .filter(isOwn)
          .map(({ attributes }) => attributes['request.id'])
          .sort(),
      ).toEqual([...own].sort())
      const traces = new Set(running.received.tracesOf(own))
      const everything = [...running.received.spans(), ...running.received.logRecords()]
      const inTraces = everything.filter(({ traceId }) => traces.has(traceId))
      expect(inTraces.filter((each) => !isOwn(each))).toEqual([])
      const byTenant = new Set(everything.filter(isOwn).map(({ traceId }) => traceId))
      const linked = new Set(
        running.received
          .spans()
          .filter(({ links }) => links.some((link) => traces.has(link.traceId)))
          .map(({ traceId }) => traceId),
      )
      expect([...byTenant].filter((traceId) => !traces.has(traceId) && !linked.has(traceId))).toEqual([])
    }
  })

  it('5 makes the service map that Tempo would draw, with failed edges marked', async () => {
    const full = await running.bolt.call(call('provisionWhereFull'))
    expect(full.failed).toBe(true)
    await running.until(() => traceOf(full).some(({ attributes }) => attributes['http.response.status_code'] === 503))
    const edges = serviceMap(running.received.spans())
    const shape = ({ from, to, kind }: Edge): string => `${from} > ${to} (${kind})`
    const expected = [
      'api > notes-db (database)',
      'cloud > notes-db (database)',
      'cloud > fly-machines-api (virtual)',
      'cloud > worker (messaging)',
      'index-note > worker (virtual)',
      'mcp-gateway > api (request)',
      'mcp-gateway > cloud (request)',
      'user > mcp-gateway (virtual)',
      'worker > notes-db (database)',
      ...(queue === 'bullmq' ? ['cloud > notes-redis (database)', 'worker > notes-redis (database)'] : []),
    ]
    expect(edges.map(shape).sort()).toEqual(expected.sort())
    const failed = edges.filter((edge) => edge.failed > 0).map(shape)
    expect(failed).toContain('cloud > fly-machines-api (virtual)')
    expect(failed).toContain('mcp-gateway > cloud (request)')
    expect(failed).toContain('cloud > worker (messaging)')
  })

  it('6 leads from the log record of a failed job to its span, trace, tenant and operation, and back', async () => {
    const unreadable = await running.core.call(call('writeUnreadableNote'))
    const { tenantId } = running.core.account
    const failures = (): ReturnType<typeof running.received.logRecords> =>
      running.received
        .logRecords()
        .filter(
          ({ attributes }) =>
            attributes['exception.message'] === 'the note cannot be read' && attributes['tenant.id'] === tenantId,
        )
    await running.until(() => failures().length >= 3)
    const attempts = failures().map((record) => {
      const span = running.received.spans().find(({ spanId }) => spanId === record.spanId)
      return { record, span }
    })
    await running.until(() =>
      failures().every((record) => running.received.spans().some(({ spanId }) => spanId === record.spanId)),
    )
    const [sent] = named(traceOf(unreadable), 'send index-note')
    for (const { record } of attempts) {
      const span = running.received.spans().find(({ spanId }) => spanId === record.spanId) as ReceivedSpan
      expect([span.name, span.kind, span.status.code, span.traceId]).toEqual([
        'process index-note',
        CONSUMER,
        ERROR,
        record.traceId,
      ])
      expect(span.attributes).toMatchObject({ 'tenant.id': tenantId, 'job.id': record.attributes['job.id'] })
      const isChild = span.parentSpanId === sent?.spanId
      const isLinked = span.links.some(({ spanId }) => spanId === sent?.spanId)
      expect(isChild || isLinked).toBe(true)
      expect(running.received.recordsOf(span.traceId)).toContainEqual(record)
    }
    expect(new Set(attempts.map(({ record }) => record.attributes['job.id'])).size).toBe(1)
  })

  it('7 answers from log records alone what happened for a tenant, and in a workflow', async () => {
    const removed = await running.core.call(call('provision'))
    const [operation] = named(traceOf(removed), 'provision tenant')
    await running.until(() => named(traceOf(removed), 'provision tenant').length === 1)
    const workflow = (operation ?? named(traceOf(removed), 'provision tenant')[0])?.attributes['workflow.id']
    const records = running.received.logRecords().filter(({ attributes }) => attributes['workflow.id'] === workflow)
    expect(records.map((record) => [serviceOf(record), record.body])).toEqual(
      expect.arrayContaining([
        ['mcp-gateway', 'provisioning asked for'],
        ['cloud', 'provisioning'],
        ['cloud', 'provisioned'],
        ['cloud', 'POST /tenants 201'],
      ]),
    )
    expect(new Set(records.map(({ attributes }) => attributes['tenant.id']))).toEqual(
      new Set([running.core.account.tenantId]),
    )
    const tenants = new Set(
      running.received
        .logRecords()
        .filter(({ attributes }) => attributes['tenant.id'] === running.core.account.tenantId)
        .map(serviceOf),
    )
    expect(tenants).toEqual(new Set(['mcp-gateway', 'api', 'cloud', 'worker']))
  })
})
