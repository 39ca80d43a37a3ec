import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accounts, type Call, calls, connectUser } from '../../examples/notes-cloud/traffic.ts'
import type { ReceivedSpan } from '../support/otlp-sink.ts'
import { type RunningSystem, runSystem } from './support/running-system.ts'
import { type Store, storeOf } from './support/stored-envelopes.ts'

const [acmeAccount, boltAccount] = accounts
const forgedTraceId = 'f'.repeat(32)
const forged = {
  traceparent: `00-${forgedTraceId}-${'f'.repeat(16)}-01`,
  baggage: `tenant.id=${acmeAccount.tenantId},user.id=${acmeAccount.userId},user.email=${encodeURIComponent(acmeAccount.email)}`,
}

describe.each(['pg-boss', 'bullmq'] as const)('somebody who would pass for another tenant, jobs on %s', (queue) => {
  let running: RunningSystem
  let store: Store

  beforeAll(async () => {
    running = await runSystem({ queue, backends: 'grafana' })
    store = storeOf(queue, running)
  })

  afterAll(async () => {
    await store?.close()
    await running?.stop()
  })

  const everything = (): { attributes: ReceivedSpan['attributes']; traceId: string }[] => [
    ...running.received.spans(),
    ...running.received.logRecords(),
  ]
  /** Whose the spans and log records are that belong to requests or jobs. */
  const tenantsOf = (isOwn: (attributes: ReceivedSpan['attributes']) => boolean): unknown[] => {
    const traces = new Set(
      everything()
        .filter(({ attributes }) => isOwn(attributes))
        .map(({ traceId }) => traceId),
    )
    const own = everything().filter(({ traceId }) => traces.has(traceId))
    return [...new Set(own.map(({ attributes }) => attributes['tenant.id']))]
  }
  const isRequest =
    (ids: readonly string[]) =>
    (attributes: ReceivedSpan['attributes']): boolean =>
      ids.includes(String(attributes['request.id']))

  it('gains nothing by baggage at the gateway', async () => {
    const eve = await connectUser(running.system.gatewayUrl, running.system.issuer, boltAccount, {
      headers: { baggage: forged.baggage },
    })
    const { requestIds } = await eve.call(calls['writeNote'] as Call)
    await eve.close()
    await running.until(() => running.received.spans().some(({ name }) => name === 'process index-note'))
    expect(tenantsOf(isRequest(requestIds))).toEqual([boltAccount.tenantId])
    const emails = everything()
      .filter(({ attributes }) => attributes['tenant.id'] === boltAccount.tenantId)
      .map(({ attributes }) => attributes['user.email'])
    expect(new Set(emails)).toEqual(new Set([boltAccount.email]))
  })

  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a token of nobody', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJvcmdfaWQiOiJvcmdfMSJ9.' }],
  ])('gains nothing by baggage with %s', async (_, headers) => {
    const requestId = randomUUID()
    const answer = await fetch(`${running.system.gatewayUrl}/mcp`, {
      method: 'POST',
      headers: { ...headers, baggage: forged.baggage, 'x-request-id': requestId, 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    })
    expect(answer.status).toBe(401)
    const own = isRequest([requestId])
    await running.until(() => everything().filter(({ attributes }) => own(attributes)).length >= 2)
    expect(tenantsOf(own)).toEqual([undefined])
  })

  it('gains nothing by _meta', async () => {
    const { requestIds } = await running.bolt.call(calls['writeNote'] as Call, forged)
    await running.until(() => everything().some(({ attributes }) => isRequest(requestIds)(attributes)))
    expect(tenantsOf(isRequest(requestIds))).toEqual([boltAccount.tenantId])
    expect(
      running.received
        .recordsOf(forgedTraceId)
        .filter(({ attributes }) => attributes['tenant.id'] !== boltAccount.tenantId),
    ).toEqual([])
  })

  it("gains nothing by a tampered job, nor by another tenant's envelope in a job of its own", async () => {
    const own = await running.bolt.call(calls['writeUnreadableNote'] as Call)
    const other = await running.acme.call(calls['writeUnreadableNote'] as Call)
    const [ownEnvelope, otherEnvelope] = (await Promise.all(
      [own, other].map(({ text }) => store.envelopeOf((JSON.parse(text) as { id: string }).id)),
    )) as [string, string]
    expect(ownEnvelope).toContain(boltAccount.tenantId)
    expect(otherEnvelope).toContain('tenant.signature')
    const traceparent = /00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]/
    const data = { tenantId: boltAccount.tenantId, noteId: randomUUID() }
    const jobIds = [
      await store.forge(data, ownEnvelope.replaceAll(boltAccount.tenantId, acmeAccount.tenantId)),
      await store.forge(data, otherEnvelope.replace(traceparent, traceparent.exec(ownEnvelope)![0])),
      await store.forge(data, JSON.stringify(forged)),
    ]
    const attempt = (jobId: string): ReceivedSpan | undefined =>
      running.received.spans().find(({ attributes, kind }) => kind === 5 && attributes['job.id'] === jobId)
    await running.until(() => jobIds.every(attempt))
    for (const jobId of jobIds) {
      const isJob = (attributes: ReceivedSpan['attributes']): boolean => attributes['job.id'] === jobId
      const seen = everything().filter(({ attributes }) => isJob(attributes))
      expect(seen.length).toBeGreaterThan(1)
      expect([...new Set(seen.map(({ attributes }) => attributes['tenant.id']))]).toEqual([undefined])
    }
  })

  it("gains nothing by another tenant's signed baggage at an inner service", async () => {
    const other = await running.acme.call(calls['writeUnreadableNote'] as Call)
    const envelope = await store.envelopeOf((JSON.parse(other.text) as { id: string }).id)
    const [, baggage = ''] = /baggage\\*":\s*\\*"([^"\\]+)/.exec(envelope) ?? []
    expect(baggage).toContain('tenant.signature=')
    const requestId = randomUUID()
    const answer = await fetch(`${running.system.apiUrl}/notes`, {
      headers: { baggage, traceparent: forged.traceparent, 'x-request-id': requestId },
    })
    expect(answer.status).toBe(401)
    const own = isRequest([requestId])
    await running.until(() => everything().filter(({ attributes }) => own(attributes)).length >= 2)
    const tenants = everything()
      .filter(({ attributes }) => own(attributes))
      .map(({ attributes }) => attributes['tenant.id'])
    expect([...new Set(tenants)]).toEqual([undefined])
  })

  it('learns nothing at Fly: no baggage and no e-mail leave for it', async () => {
    await running.bolt.call(calls['provision'] as Call)
    expect(running.system.fly.seen.length).toBeGreaterThan(2)
    for (const { headers, body, path } of running.system.fly.seen) {
      expect(headers['baggage']).toBeUndefined()
      expect(headers['traceparent']).toMatch(/^00-/)
      expect(JSON.stringify({ headers, body, path })).not.toContain('@')
    }
  })
})
