import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { currentAttributes, setTenant, tenant, withAttributes, withTenant } from '../../src/index.ts'
import { createPropagator } from '../../src/instrument/propagator.ts'
import { surroundingsOf } from '../../src/integrations/mcp/surroundings.ts'
import { disownRequest, inRequest } from '../../src/tenant/current.ts'
import { scopeOf } from '../../src/tenant/scope.ts'
import { localSdk } from '../support/local-sdk.ts'

const settings = {
  to: ['loopback'],
  keys: ['tenant.id', 'user.id', 'user.email', 'workos.user.id', 'request.id'],
  edge: false,
  tenantKeys: [] as Secret[],
  tenantTtlMs: 60_000,
  jobTtlMs: 60_000,
}

let sdk: ReturnType<typeof localSdk>
beforeEach(() => {
  sdk = localSdk()
})
afterEach(() => sdk.stop())

/** What a call to this machine carries, made in the context that is active. */
function sent(): string | undefined {
  const call = trace.getTracer('test').startSpan('call', {
    kind: SpanKind.CLIENT,
    attributes: { 'server.address': 'localhost', 'server.port': 1 },
  })
  const carrier: Record<string, string> = {}
  propagation.inject(trace.setSpan(context.active(), call), carrier, defaultTextMapSetter)
  return carrier['baggage']
}

/** Handles a request that came with this baggage. */
function handling(baggage: string, handle: () => void): void {
  const carrier = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', baggage }
  const arrived = propagation.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
  context.with(arrived, () => trace.getTracer('test').startActiveSpan('GET', { kind: SpanKind.SERVER }, handle))
}

describe('the next service', () => {
  const ofA = 'tenant.id=A,user.id=userA,user.email=a%40a.example,workos.user.id=wA,request.id=r1'
  beforeEach(() => {
    propagation.setGlobalPropagator(
      createPropagator({ propagators: ['tracecontext', 'baggage'], propagation: settings }),
    )
  })

  it('learns nothing of the user of a tenant that was replaced', () => {
    handling(ofA, () => {
      setTenant(tenant({ id: 'B' }))
      expect(sent()).toBe('tenant.id=B,request.id=r1')
    })
  })

  it('learns nothing of whom a request claimed to be for that was refused', () => {
    handling(ofA, () => {
      disownRequest()
      expect(sent()).toBe('request.id=r1')
    })
  })
})

it('believes signed baggage in whichever order the propagators are named', () => {
  const tenantKeys = [new Secret('k'.repeat(48))]
  const config = { propagators: ['baggage', 'tracecontext'] as const, propagation: { ...settings, tenantKeys } }
  propagation.setGlobalPropagator(createPropagator(config))
  withTenant(tenant({ id: 'A' }), () =>
    trace
      .getTracer('test')
      .startActiveSpan('call', { kind: SpanKind.CLIENT, attributes: { 'server.address': 'localhost' } }, () => {
        const carrier: Record<string, string> = {}
        propagation.inject(context.active(), carrier, defaultTextMapSetter)
        const arrived = propagation.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
        expect(scopeOf(arrived)?.attributes()).toEqual({ 'tenant.id': 'A' })
      }),
  )
})

describe('a tenant that is learned far inside', () => {
  const nest = (levels: number, fn: () => void): void =>
    levels === 0 ? fn() : withAttributes({ 'nesting.level': levels }, () => nest(levels - 1, fn))

  it.each([1, 31, 32, 33, 70])('is the whole request’s, %i levels deep', (levels) => {
    trace.getTracer('test').startActiveSpan('request', { kind: SpanKind.SERVER }, (span) => {
      nest(levels, () => {
        setTenant(tenant({ id: 'acme' }))
        expect(currentAttributes()).toMatchObject({ 'tenant.id': 'acme', 'nesting.level': 1 })
      })
      expect(currentAttributes()).toEqual({ 'tenant.id': 'acme' })
      span.end()
    })
    expect(sdk.span('request').attributes['tenant.id']).toBe('acme')
  })

  it('stays with the tenant that was named on the way', () => {
    withTenant(tenant({ id: 'outer' }), () =>
      nest(40, () => {
        withTenant(tenant({ id: 'inner' }), () =>
          nest(40, () => expect(currentAttributes()['tenant.id']).toBe('inner')),
        )
        expect(currentAttributes()['tenant.id']).toBe('outer')
      }),
    )
  })
})

it('a message to an MCP client is nobody’s that was connected in a request without a span', () => {
  const none = { has: () => false, contextOf: () => ROOT_CONTEXT }
  const connect = (): ReturnType<typeof surroundingsOf> => surroundingsOf({ kind: 'stdio' } as never, none as never, {})
  const inA = inRequest(() => {
    setTenant(tenant({ id: 'A' }))
    return connect()
  })
  expect(scopeOf(inA(undefined))).toBeUndefined()
  const ofProcess = withTenant(tenant({ id: 'P' }), connect)
  expect(scopeOf(ofProcess(undefined))?.attributes()).toEqual({ 'tenant.id': 'P' })
})
