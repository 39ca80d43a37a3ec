import { setTimeout as sleep } from 'node:timers/promises'
import {
  context,
  defaultTextMapGetter,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api'
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diagnostics } from '../../src/diagnostics.ts'
import { currentAttributes, currentTenant, setTenant, withAttributes, withTenant } from '../../src/tenant/current.ts'
import { operation } from '../../src/tenant/operation.ts'
import { TenantPropagator } from '../../src/tenant/propagator.ts'
import { tenant } from '../../src/tenant/tenant.ts'
import { localSdk } from '../support/local-sdk.ts'

const acme = tenant({ id: 'acme', userId: 'ann', appName: 'app-acme' })
const bolt = tenant({ id: 'bolt', userId: 'bob' })
let tracer: Tracer
const remoteParent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true }
const request = <T>(name: string, fn: () => T): T =>
  tracer.startActiveSpan(name, { kind: SpanKind.SERVER }, trace.setSpanContext(ROOT_CONTEXT, remoteParent), (span) => {
    const result = fn()
    if (result instanceof Promise) return result.finally(() => span.end()) as T
    span.end()
    return result
  })

/** Rejects with something that is no error, whatever its type says. */
const rejectOddly = (): Promise<never> => {
  const odd: Error = JSON.parse('"odd"')
  return Promise.reject(odd)
}

it('says once, and runs all the same, where telemetry is not started', () => {
  const said: string[] = []
  diagnostics.reset()
  diagnostics.setLevel('none')
  const ignore = diagnostics.listen(({ message }) => void said.push(message))
  expect(withTenant(acme, () => operation('update', 'work', () => currentTenant()))).toBeUndefined()
  ignore()
  diagnostics.setLevel('warn')
  expect(said).toEqual([expect.stringContaining('telemetry is not started')])
})

describe('tenant scopes', () => {
  let sdk: ReturnType<typeof localSdk>
  beforeEach(() => {
    sdk = localSdk()
    tracer = trace.getTracer('test')
    diagnostics.setLevel('none')
  })
  afterEach(() => {
    sdk.stop()
    diagnostics.setLevel('warn')
    diagnostics.reset()
  })

  it('stamps every span started inside, and nothing outside', () => {
    tracer.startSpan('before').end()
    withTenant(acme, () => tracer.startSpan('inside').end())
    tracer.startSpan('after').end()
    expect(sdk.span('inside').attributes).toEqual({ ...acme })
    expect(sdk.span('before').attributes).toEqual({})
    expect(sdk.span('after').attributes).toEqual({})
  })

  it('returns what the function returns and throws what it throws, sync and async', async () => {
    expect(withTenant(acme, () => 7)).toBe(7)
    await expect(withTenant(acme, async () => currentTenant())).resolves.toBe(acme)
    expect(() =>
      withTenant(acme, () => {
        throw new RangeError('x')
      }),
    ).toThrow(RangeError)
    await expect(withAttributes({ 'job.id': '1' }, () => Promise.reject(new RangeError('x')))).rejects.toThrow(
      RangeError,
    )
    expect(currentTenant()).toBeUndefined()
  })

  it('merges nested scopes, the inner winning, without mixing two tenants', () => {
    withTenant(acme, () =>
      withAttributes({ 'workflow.id': 'w1', 'job.id': 1, 'dry.run': true }, () => {
        withTenant(bolt, () => {
          expect(currentTenant()).toBe(bolt)
          expect(currentAttributes()).toEqual({
            'tenant.id': 'bolt',
            'user.id': 'bob',
            'workflow.id': 'w1',
            'job.id': 1,
            'dry.run': true,
          })
        })
        withTenant(tenant({ id: 'acme', email: 'ann@acme.test' }), () => {
          expect(currentAttributes()).toMatchObject({
            'tenant.app_name': 'app-acme',
            'user.id': 'ann',
            'user.email': 'ann@acme.test',
          })
        })
        expect(currentTenant()).toBe(acme)
      }),
    )
  })

  it('leaves out attributes that are none, counts them, and runs the function', () => {
    const bad = {
      'ok.key': 'v',
      'a\nb': 'x',
      huge: 'x'.repeat(300),
      nan: Number.NaN,
      object: {} as never,
      none: undefined,
    }
    expect(withAttributes(bad, () => ({ ...currentAttributes() }))).toEqual({ 'ok.key': 'v' })
    expect(diagnostics.counters()['attributes_rejected']).toBe(4)
    expect(withAttributes(undefined as never, () => 1)).toBe(1)
  })

  it('refuses what tenant() did not make', () => {
    expect(() => withTenant({ 'tenant.id': 'x' }, () => 1)).toThrow('expected a tenant, got a plain object')
    expect(() => setTenant(undefined as never)).toThrow('expected a tenant, got undefined')
  })

  it('keeps what the application set on the span itself', () => {
    withTenant(acme, () => tracer.startSpan('own', { attributes: { 'user.id': 'explicit' } }).end())
    expect(sdk.span('own').attributes).toMatchObject({ 'user.id': 'explicit', 'tenant.id': 'acme' })
  })

  it('stamps a span that is full of other attributes', () => {
    withTenant(acme, () => {
      const span = tracer.startSpan('full')
      for (let index = 0; index < 200; index += 1) span.setAttribute(`k${index}`, index)
      span.end()
    })
    expect(sdk.span('full').attributes['tenant.id']).toBe('acme')
  })

  describe('setTenant', () => {
    it('stamps the spans that are open and those that follow, not those that ended', () => {
      request('server', () => {
        tracer.startActiveSpan('middleware', (middleware) => {
          tracer.startSpan('anonymous').end()
          setTenant(acme)
          tracer.startSpan('query').end()
          middleware.end()
        })
      })
      for (const name of ['server', 'middleware', 'query']) expect(sdk.span(name).attributes).toMatchObject({ ...acme })
      expect(sdk.span('anonymous').attributes).toEqual({})
    })

    it('replaces a tenant bound before as a whole', () => {
      request('server', () => {
        setTenant(acme)
        tracer.startSpan('as acme').end()
        setTenant(bolt)
      })
      expect(sdk.span('as acme').attributes).toEqual({ ...acme })
      expect(sdk.span('server').attributes).toEqual({ ...bolt })
    })

    it('reaches the request through withAttributes and operation, but stays inside withTenant', async () => {
      await request('server', async () => {
        await withAttributes({ 'workflow.id': 'w1' }, () =>
          operation('update', 'work', async () => {
            await sleep(1)
            setTenant(acme)
          }),
        )
        withTenant(bolt, () => {
          setTenant(tenant({ id: 'core' }))
          tracer.startSpan('inner').end()
        })
      })
      expect(sdk.span('server').attributes).toEqual({ ...acme })
      expect(sdk.span('work').attributes).toEqual({ ...acme, 'workflow.id': 'w1', 'operation.type': 'update' })
      expect(sdk.span('inner').attributes).toMatchObject({ 'tenant.id': 'core', 'user.id': 'ann' })
    })

    it('reaches no other request, not even one that is served inside', () => {
      tracer.startActiveSpan('poll', (poll) => {
        for (const who of [acme, bolt]) {
          tracer.startActiveSpan(`job ${who['tenant.id']}`, { kind: SpanKind.CONSUMER }, (job) => {
            expect(currentTenant()).toBeUndefined()
            setTenant(who)
            tracer.startSpan(`step ${who['tenant.id']}`).end()
            job.end()
          })
        }
        expect(currentTenant()).toBeUndefined()
        poll.end()
      })
      expect(sdk.span('poll').attributes).toEqual({})
      for (const who of [acme, bolt]) {
        expect(sdk.span(`job ${who['tenant.id']}`).attributes).toEqual({ ...who })
        expect(sdk.span(`step ${who['tenant.id']}`).attributes).toEqual({ ...who })
      }
    })

    it('gives a new root inside a request its tenant, and takes nothing back from it', () => {
      request('server', () => {
        setTenant(acme)
        tracer.startActiveSpan('detached', { root: true }, (detached) => {
          expect(currentTenant()).toBe(acme)
          setTenant(bolt)
          detached.end()
        })
        expect(currentTenant()).toBe(acme)
      })
      expect(sdk.span('detached').attributes['tenant.id']).toBe('bolt')
      expect(sdk.span('server').attributes['tenant.id']).toBe('acme')
    })

    it('keeps correlation keys, around it and from another service', () => {
      withTenant(acme, () =>
        withAttributes({ 'workflow.id': 'w1' }, () =>
          operation('provision', 'provision app', () => {
            setTenant(bolt)
            expect(currentAttributes()).toEqual({ ...bolt, 'workflow.id': 'w1', 'operation.type': 'provision' })
          }),
        ),
      )
      expect(sdk.span('provision app').attributes).toMatchObject({ ...bolt, 'operation.type': 'provision' })

      const carrier = { baggage: 'tenant.id=other,workflow.id=w2' }
      const propagator = new TenantPropagator({ to: [], keys: ['tenant.id', 'workflow.id'], edge: false })
      const incoming = propagator.extract(
        trace.setSpanContext(ROOT_CONTEXT, remoteParent),
        carrier,
        defaultTextMapGetter,
      )
      tracer.startActiveSpan('server', { kind: SpanKind.SERVER }, incoming, (server) => {
        setTenant(acme)
        server.end()
      })
      expect(sdk.span('server').attributes).toEqual({ ...acme, 'workflow.id': 'w2' })
    })

    it('finds the request again when only the span was carried over', () => {
      let carried = trace.getSpan(ROOT_CONTEXT)
      request('server', () => {
        carried = trace.getSpan(context.active())
        setTenant(acme)
      })
      context.with(trace.setSpan(ROOT_CONTEXT, carried!), () => expect(currentTenant()).toBe(acme))
    })

    it('binds nothing outside any request, and says so', () => {
      setTenant(acme)
      expect(currentTenant()).toBeUndefined()
      expect(diagnostics.counters()['set_tenant_outside_request']).toBe(1)
    })

    it('works where no span was started', () => {
      withAttributes({ 'job.id': 'j1' }, () => {
        setTenant(acme)
        expect(currentAttributes()).toEqual({ ...acme, 'job.id': 'j1' })
      })
    })
  })

  describe('operation', () => {
    it('is a span with operation.type, on all inside too, that records an error', async () => {
      expect(
        operation('provision', 'provision app', (span) => {
          tracer.startSpan('step').end()
          return span.isRecording()
        }),
      ).toBe(true)
      expect(sdk.span('step').attributes).toEqual({ 'operation.type': 'provision' })
      expect(sdk.span('provision app').attributes).toEqual({ 'operation.type': 'provision' })

      const failure = new TypeError('no machine')
      expect(() =>
        operation('delete', 'sync', () => {
          throw failure
        }),
      ).toThrow(failure)
      await expect(
        operation('delete', 'async', async () => {
          throw failure
        }),
      ).rejects.toBe(failure)
      await expect(operation('delete', 'odd', rejectOddly)).rejects.toBe('odd')
      for (const name of ['sync', 'async']) {
        const span = sdk.span(name)
        expect(span.status).toEqual({ code: 2, message: 'no machine' })
        expect(span.events.map((event) => [event.name, event.attributes?.['exception.message']])).toEqual([
          ['exception', 'no machine'],
        ])
      }
      expect(sdk.span('odd').status).toEqual({ code: 2, message: 'odd' })
    })
  })

  describe('in a trace that is not sampled', () => {
    beforeEach(() => {
      sdk.stop()
      sdk = localSdk(
        new ParentBasedSampler({ root: new AlwaysOffSampler(), remoteParentSampled: new AlwaysOffSampler() }),
      )
      tracer = trace.getTracer('test')
    })

    it('carries the tenant all the same, also through children, and keeps jobs apart', async () => {
      const seen = await Promise.all(
        [acme, bolt].map((who) =>
          request('server', async () => {
            await sleep(1)
            setTenant(who)
            return tracer.startActiveSpan('child', async () => {
              await sleep(1)
              return currentTenant()
            })
          }),
        ),
      )
      expect(seen).toEqual([acme, bolt])
      tracer.startActiveSpan('poll', () => {
        tracer.startActiveSpan('job', { kind: SpanKind.CONSUMER }, () => setTenant(acme))
        expect(currentTenant()).toBeUndefined()
        tracer.startActiveSpan('job', { kind: SpanKind.CONSUMER }, () => expect(currentTenant()).toBeUndefined())
      })
      expect(sdk.spans).toEqual([])
    })
  })

  it('never mixes up 200 interleaved requests of 50 tenants', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        request(`request ${index}`, async () => {
          const who = tenant({ id: `t${index % 50}`, userId: `u${index}` })
          await sleep(Math.random() * 20)
          setTenant(who)
          await sleep(Math.random() * 20)
          await operation('update', `operation ${index}`, () => sleep(Math.random() * 20))
          return [currentTenant(), who]
        }),
      ),
    )
    for (const [seen, who] of outcomes) expect(seen).toBe(who)
    for (let index = 0; index < 200; index += 1) {
      for (const name of [`request ${index}`, `operation ${index}`]) {
        expect(sdk.span(name).attributes).toMatchObject({ 'tenant.id': `t${index % 50}`, 'user.id': `u${index}` })
      }
    }
  })

  it('does not grow where work starts its successor inside itself', () => {
    const next = (left: number): Promise<void> =>
      withTenant(left % 2 === 0 ? acme : bolt, () =>
        withAttributes({ 'job.id': left }, async () => {
          expect(currentAttributes()).toMatchObject({ 'tenant.id': left % 2 === 0 ? 'acme' : 'bolt', 'job.id': left })
          if (left % 500 === 0) operation('poll', `poll ${left}`, () => expect(currentTenant()).toBe(acme))
          if (left > 0) await new Promise((resolve) => setImmediate(() => resolve(next(left - 1))))
        }),
      )
    return next(5_000).then(() =>
      expect(sdk.span('poll 0').attributes).toMatchObject({ 'tenant.id': 'acme', 'job.id': 0 }),
    )
  })

  it('leaves OpenTelemetry baggage of the application alone', () => {
    const baggage = propagation.createBaggage({ mine: { value: '1' } })
    context.with(propagation.setBaggage(context.active(), baggage), () =>
      withTenant(acme, () => expect(propagation.getActiveBaggage()?.getEntry('mine')?.value).toBe('1')),
    )
  })
})
