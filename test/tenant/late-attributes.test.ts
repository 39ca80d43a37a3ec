import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import {
  currentAttributes,
  disownRequest,
  inRequest,
  setAttributes,
  setTenant,
  withAttributes,
} from '../../src/tenant/current.ts'
import { Scope, withScope } from '../../src/tenant/scope.ts'
import { tenant } from '../../src/tenant/tenant.ts'
import { localSdk } from '../support/local-sdk.ts'

const acme = tenant({ id: 'acme', userId: 'ann', appName: 'app-acme' })
let sdk: ReturnType<typeof localSdk>

beforeEach(() => {
  sdk = localSdk()
  diagnostics.reset()
  diagnostics.setLevel('none')
})

afterEach(() => {
  sdk.stop()
  diagnostics.setLevel('warn')
})

/** Runs a function as the handler of an incoming request whose caller named a tenant in baggage. */
function request<T>(fn: () => T, remote: Record<string, string> = {}): T {
  const around = Object.keys(remote).length === 0 ? ROOT_CONTEXT : withScope(ROOT_CONTEXT, new Scope('remote', remote))
  return trace.getTracer('test').startActiveSpan('GET', { kind: SpanKind.SERVER }, around, (span) => {
    try {
      return fn()
    } finally {
      span.end()
    }
  })
}

describe('setAttributes()', () => {
  it('reaches the open spans of its request, those after, and no other request', () => {
    request(() => {
      const open = trace.getTracer('test').startSpan('open')
      withAttributes({ 'workflow.id': 'w-1' }, () => setAttributes({ 'request.id': 'r-1', 'order.id': 7 }))
      setAttributes({ 'order.id': 8 })
      open.end()
    })
    request(() => expect(currentAttributes()).toEqual({}))
    const [open, first, second] = sdk.spans
    expect([open?.attributes, first?.attributes]).toEqual([
      { 'request.id': 'r-1', 'order.id': 8 },
      { 'request.id': 'r-1', 'order.id': 8 },
    ])
    expect(second?.attributes).toEqual({})
  })

  it('keeps the tenant, and is kept by it', () => {
    request(() => {
      setTenant(acme)
      setAttributes({ 'request.id': 'r-1' })
      expect(currentAttributes()).toEqual({ ...acme, 'request.id': 'r-1' })
      setTenant(tenant({ id: 'globex' }))
      expect(currentAttributes()).toEqual({ 'tenant.id': 'globex', 'request.id': 'r-1' })
    })
  })

  it('leaves out what is no attribute, and keeps nothing outside any request', () => {
    request(() => {
      setAttributes({ 'a b': 'x', ok: 'yes', level: 'fatal' })
      expect(currentAttributes()).toEqual({ ok: 'yes' })
    })
    setAttributes({ ok: 'yes' })
    expect(currentAttributes()).toEqual({})
    expect(diagnostics.counters()).toEqual({ attributes_rejected: 2, set_attributes_outside_request: 1 })
  })
})

describe('a request whose caller could not prove who they are', () => {
  it('is nobody’s, whatever came with it or was bound before', () => {
    request(
      () => {
        setTenant(acme)
        setAttributes({ 'request.id': 'r-1' })
        disownRequest()
        expect(currentAttributes()).toEqual({ 'workflow.id': 'w-1', 'request.id': 'r-1' })
      },
      { 'tenant.id': 'forged', 'user.email': 'eve@evil.test', 'workos.user.id': 'x', 'workflow.id': 'w-1' },
    )
    expect(sdk.span('GET').attributes).toEqual({ 'workflow.id': 'w-1', 'request.id': 'r-1' })
  })
})

describe('a request that no instrumentation has opened', () => {
  it('is opened, so that a tenant can be bound to it', async () => {
    const seen = await inRequest(async () => {
      setTenant(acme)
      await Promise.resolve()
      return currentAttributes()
    })
    expect(seen).toEqual(acme)
    expect(currentAttributes(context.active())).toEqual({})
  })

  it('is the one under way where there is one', () => {
    request(() => inRequest(() => setTenant(acme)))
    expect(sdk.span('GET').attributes).toEqual(acme)
  })
})
