import { describe, expectTypeOf, it } from 'vitest'
import {
  type Backend,
  type Batch,
  currentTenant,
  defineBackend,
  isTelemetryError,
  operation,
  type Outcome,
  type Signal,
  startTelemetry,
  type Telemetry,
  type TelemetryError,
  type TelemetryErrorCode,
  tenant,
  type Tenant,
  withAttributes,
  withTenant,
} from '../../src/index.ts'

const acme = tenant({ id: 'acme' })

describe('tenant', () => {
  it('has attribute names as keys and cannot be changed', () => {
    expectTypeOf(acme).toEqualTypeOf<Tenant>()
    expectTypeOf(acme['tenant.id']).toEqualTypeOf<string>()
    expectTypeOf(acme['user.email']).toEqualTypeOf<string | undefined>()
    // @ts-expect-error a tenant is read-only
    acme['tenant.id'] = 'other'
  })

  it('needs an id, and takes text alone', () => {
    // @ts-expect-error no id
    tenant({ userId: 'u' })
    // @ts-expect-error a number is no identifier
    tenant({ id: 7 })
    expectTypeOf(tenant).toBeCallableWith({ id: 'a', userId: undefined, 'crm.id': 'c' })
  })

  it('is undefined where nobody said', () => {
    expectTypeOf(currentTenant()).toEqualTypeOf<Tenant | undefined>()
  })
})

describe('functions that run a function', () => {
  it('return what it returns', () => {
    expectTypeOf(withTenant(acme, () => 1)).toEqualTypeOf<number>()
    expectTypeOf(withTenant(acme, async () => 'x')).toEqualTypeOf<Promise<string>>()
    expectTypeOf(withAttributes({ 'job.id': 'j', attempt: 2 }, () => true)).toEqualTypeOf<boolean>()
    expectTypeOf(operation('provision', 'create', () => 1)).toEqualTypeOf<number>()
    expectTypeOf(operation('provision', 'create', async (span) => span.isRecording())).toEqualTypeOf<Promise<boolean>>()
  })

  it('take a tenant made by tenant(), no look-alike without an id', () => {
    // @ts-expect-error not a tenant
    withTenant({ id: 'acme' }, () => 1)
  })
})

describe('a backend', () => {
  it('answers with one of three endings', () => {
    expectTypeOf<Outcome['kind']>().toEqualTypeOf<'delivered' | 'retry' | 'rejected'>()
    expectTypeOf<Backend['deliver']>().returns.toEqualTypeOf<Promise<Outcome>>()
  })

  it('is offered batches that know their signal', () => {
    expectTypeOf<Batch['signal']>().toEqualTypeOf<Signal>()
    expectTypeOf<Extract<Batch, { signal: 'traces' }>>().toHaveProperty('spans')
    expectTypeOf<Extract<Batch, { signal: 'logs' }>>().toHaveProperty('records')
  })

  it('gets its options as its table parses them', () => {
    const text = (raw: unknown): string => String(raw)
    defineBackend({
      type: 'mine',
      summary: 'A backend.',
      options: {
        token: { about: 'The token.', parse: text, required: true },
        path: { about: 'The path.', parse: text, default: '/' },
        label: { about: 'A label.', parse: text },
      },
      connect: (options) => {
        expectTypeOf(options.token).toEqualTypeOf<string>()
        expectTypeOf(options.path).toEqualTypeOf<string>()
        expectTypeOf(options.label).toEqualTypeOf<string | undefined>()
        return { deliver: async () => ({ kind: 'delivered' }) }
      },
    })
  })
})

describe('start', () => {
  it('is synchronous', () => {
    expectTypeOf(startTelemetry).returns.toEqualTypeOf<Telemetry>()
    expectTypeOf<Telemetry['flush']>().returns.toEqualTypeOf<Promise<boolean>>()
    expectTypeOf<Telemetry['stop']>().returns.toEqualTypeOf<Promise<void>>()
  })

  it('fails with codes of a closed union', () => {
    const thrown: unknown = undefined
    if (isTelemetryError(thrown)) {
      expectTypeOf(thrown).toEqualTypeOf<TelemetryError>()
      expectTypeOf(thrown.code).toEqualTypeOf<TelemetryErrorCode>()
    }
    expectTypeOf<TelemetryErrorCode>().not.toEqualTypeOf<string>()
  })
})
