import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { diagnostics } from '../../src/diagnostics.ts'
import { currentAttributes, withTenant } from '../../src/tenant/current.ts'
import { extractMessage, injectMessage } from '../../src/tenant/message.ts'
import { TenantPropagator, type TenantPropagatorOptions } from '../../src/tenant/propagator.ts'
import { tenant } from '../../src/tenant/tenant.ts'
import { localSdk } from '../support/local-sdk.ts'

const key = new Secret('k'.repeat(32))
const nextKey = new Secret('n'.repeat(32))
const acme = tenant({ id: 'acme', email: 'ann@acme.test' })
const globex = tenant({ id: 'globex' })
const tracer = trace.getTracer('test')
let sdk: ReturnType<typeof localSdk>

function propagateWith(options: Partial<TenantPropagatorOptions> = {}): void {
  propagation.disable()
  const baggage = new TenantPropagator({
    to: ['*'],
    keys: ['tenant.id', 'user.email'],
    edge: false,
    tenantKeys: [key],
    ...options,
  })
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), baggage] }))
}

/** What a service sends on behalf of a tenant. */
function sent(who = acme): Record<string, string> {
  const carrier: Record<string, string> = {}
  const span = tracer.startSpan('GET', { kind: SpanKind.CLIENT, attributes: { 'server.address': 'api' } }, ROOT_CONTEXT)
  withTenant(who, () => {
    propagation.inject(trace.setSpan(context.active(), span), carrier, defaultTextMapSetter)
  })
  return carrier
}

const received = (carrier: object): Context => propagation.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)

beforeEach(() => {
  sdk = localSdk()
  diagnostics.reset()
  propagateWith()
})

afterEach(() => sdk.stop())

describe('tenant baggage under a key', () => {
  it('arrives, signed', () => {
    const carrier = sent()
    expect(carrier['baggage']).toMatch(
      /^tenant\.id=acme,user\.email=ann%40acme\.test,tenant\.signature=1\/\w+\/[0-9a-f]{32}\//,
    )
    expect(currentAttributes(received(carrier))).toEqual({ 'tenant.id': 'acme', 'user.email': 'ann@acme.test' })
    expect(diagnostics.counters()).toEqual({})
  })

  it('does not pass the signature on as an entry of its own', () => {
    const inside = received(sent())
    expect(
      propagation
        .getBaggage(inside)
        ?.getAllEntries()
        .map(([name]) => name),
    ).toEqual(['tenant.id', 'user.email'])
  })

  it.each<[string, (carrier: Record<string, string>) => Record<string, string>]>([
    ['unsigned', (carrier) => ({ ...carrier, baggage: 'tenant.id=globex' })],
    [
      'altered',
      (carrier) => ({ ...carrier, baggage: carrier['baggage']!.replace('tenant.id=acme', 'tenant.id=globex') }),
    ],
    ['altered', (carrier) => ({ ...carrier, baggage: `tenant.id=globex,${carrier['baggage']!}` })],
    ['altered', (carrier) => ({ ...carrier, baggage: `${carrier['baggage']!},tenant.id=globex` })],
    ['replayed', (carrier) => ({ ...carrier, traceparent: sent(globex)['traceparent']! })],
    ['replayed', ({ baggage = '' }) => ({ baggage })],
    ['malformed', (carrier) => ({ ...carrier, baggage: 'tenant.id=globex,tenant.signature=1' })],
  ])('is ignored and counted where it is %s', (fault, bend) => {
    const inside = received(bend(sent()))
    expect(currentAttributes(inside)).toEqual({})
    expect(propagation.getBaggage(inside)).toBeUndefined()
    expect(diagnostics.counters()).toMatchObject({ [`tenant_baggage_ignored_${fault}`]: 1 })
  })

  it('is ignored once it has expired', () => {
    propagateWith({ tenantTtlMs: -2_000 })
    expect(currentAttributes(received(sent()))).toEqual({})
    expect(diagnostics.counters()).toEqual({ tenant_baggage_ignored_expired: 1 })
  })

  it('adds nothing to what was signed', () => {
    const carrier = sent(globex)
    const inside = received({ ...carrier, baggage: `${carrier['baggage']!},user.email=eve%40evil.test` })
    expect(currentAttributes(inside)).toEqual({ 'tenant.id': 'globex' })
  })

  it('survives a change of keys', () => {
    const before = sent()
    propagateWith({ tenantKeys: [nextKey, key] })
    expect(currentAttributes(received(before))).toMatchObject({ 'tenant.id': 'acme' })
    const after = sent()
    propagateWith({ tenantKeys: [nextKey] })
    expect(currentAttributes(received(after))).toMatchObject({ 'tenant.id': 'acme' })
    expect(currentAttributes(received(before))).toEqual({})
  })

  it('says what is wrong, once', () => {
    const said: string[] = []
    const silence = diagnostics.listen(({ message }) => said.push(message))
    for (let round = 0; round < 3; round++) received({ ...sent(), baggage: 'tenant.id=globex' })
    silence()
    expect(said).toEqual([
      'tenant baggage was ignored: it is not signed. Set TELEMETRY_TENANT_KEY in the service that sent it.',
    ])
  })

  it('of nobody needs no signature', () => {
    received({ baggage: 'feature=on' })
    expect(diagnostics.counters()).toEqual({})
  })
})

describe('a message to the own queue', () => {
  const message = (who = acme): Record<string, string> =>
    withTenant(who, () => injectMessage(trace.setSpan(context.active(), tracer.startSpan('retry', {}, ROOT_CONTEXT))))

  it('carries trace and tenant whatever span is active, also past an edge', () => {
    propagateWith({ edge: true, to: [] })
    const carrier = message()
    const inside = extractMessage(carrier)
    expect(currentAttributes(inside)).toMatchObject({ 'tenant.id': 'acme' })
    expect(trace.getSpanContext(inside)?.traceId).toBe(carrier['traceparent']?.split('-')[1])
    expect(currentAttributes(received(carrier))).toEqual({})
  })

  it('is signed for longer than a request', () => {
    propagateWith({ tenantTtlMs: -2_000, jobTtlMs: 60_000 })
    expect(currentAttributes(extractMessage(message()))).toMatchObject({ 'tenant.id': 'acme' })
  })

  it("cannot carry another tenant's signed baggage under a trace of its own", () => {
    const stolen = { ...message(globex), baggage: message(acme)['baggage'] }
    expect(currentAttributes(extractMessage(stolen))).toEqual({})
    expect(diagnostics.counters()).toEqual({ tenant_baggage_ignored_replayed: 1 })
  })

  it.each([undefined, null, 7, 'x', [], {}, { baggage: 7 }, { traceparent: {} }])(
    'is empty where it is %j',
    (carrier) => {
      const inside = extractMessage(carrier)
      expect([trace.getSpanContext(inside), currentAttributes(inside)]).toEqual([undefined, {}])
    },
  )
})
