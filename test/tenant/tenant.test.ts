import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTelemetryError } from '../../src/errors.ts'
import { isTenant, tenant, type TenantInput } from '../../src/tenant/tenant.ts'

const faultOf = (input: unknown): string => {
  try {
    tenant(input as TenantInput)
  } catch (error) {
    if (!isTelemetryError(error)) throw error
    expect(error.code).toBe('ERR_TENANT_INVALID')
    return error.message
  }
  throw new Error('accepted')
}

describe('tenant()', () => {
  it('names every field by its attribute and keeps further ones as they are', () => {
    const acme = tenant({
      id: 't-1',
      userId: 'u-1',
      workosUserId: 'user_01',
      email: 'ann@acme.test',
      appName: 'bm-tenant-1',
      'workos.org.id': 'org_1',
    })
    expect(acme).toEqual({
      'tenant.id': 't-1',
      'user.id': 'u-1',
      'workos.user.id': 'user_01',
      'user.email': 'ann@acme.test',
      'tenant.app_name': 'bm-tenant-1',
      'workos.org.id': 'org_1',
    })
    expect(Object.isFrozen(acme)).toBe(true)
    expect(isTenant(acme)).toBe(true)
    expect(isTenant({ ...acme })).toBe(false)
  })

  it('leaves undefined fields out', () => {
    expect(Object.keys(tenant({ id: 't-1', email: undefined }))).toEqual(['tenant.id'])
  })

  it.each([
    [{}, '`id` is missing'],
    [{ id: '' }, '`id` is empty'],
    [{ id: '  ' }, '`id` is empty'],
    [{ id: 7 }, '`id` is a number, not a string'],
    [{ id: null }, '`id` is null, not a string'],
    [{ id: 'x'.repeat(257) }, '`id` is longer than 256 characters'],
    [{ id: 'a\nb' }, '`id` has control characters'],
    [{ id: 'a\u2028b' }, '`id` has control characters'],
    [{ id: 'a\u202eb' }, '`id` has control characters'],
    [{ id: '\ud800' }, '`id` is not well-formed Unicode'],
    [{ id: 'a', level: '50' }, '`level` is a field of every log line'],
    [{ id: 'a', trace_id: '0' }, '`trace_id` is a field of every log line'],
    [{ id: 'a', 'x y': '1' }, '`x y` is not an attribute name'],
    [{ id: 'a', 'a\r\nb': '1' }, '`a\\r\\nb` is not an attribute name'],
    [undefined, 'takes an object'],
    ['acme', 'takes an object'],
  ])('refuses %j', (input, message) => {
    expect(faultOf(input)).toContain(message)
  })

  it('names all faults at once and shows no value', () => {
    const message = faultOf({ id: 'private\n', userId: 9, email: '' })
    expect(message).toContain('`id`')
    expect(message).toContain('`userId`')
    expect(message).toContain('`email`')
    expect(message).not.toContain('private')
  })

  it('accepts or refuses anything, and never lets a line break through', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.anything())
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), anything, (more, id) => {
        try {
          const made = tenant({ ...more, id } as TenantInput)
          expect(JSON.stringify(made)).not.toMatch(/[\u0000-\u001f\u2028\u2029]/)
          for (const value of Object.values(made)) expect(() => encodeURIComponent(String(value))).not.toThrow()
        } catch (error) {
          expect(isTelemetryError(error)).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
