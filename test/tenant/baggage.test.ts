import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatBaggage, parseBaggage } from '../../src/tenant/baggage.ts'

const keys = new Set(['tenant.id', 'user.email', 'workflow.id'])

describe('baggage', () => {
  it('writes what is asked for and reads it back', () => {
    const header = formatBaggage({ 'tenant.id': 'ä c,;=%"', 'user.email': 'a@b.c', 'job.id': '1' }, keys, [])
    expect(header).toBe('tenant.id=%C3%A4%20c%2C%3B%3D%25%22,user.email=a%40b.c')
    expect(parseBaggage(header, keys)).toEqual({ 'tenant.id': 'ä c,;=%"', 'user.email': 'a@b.c' })
  })

  it('reads past white space, properties and members of other keys', () => {
    const header = ' tenant.id = t-1 ;ttl=3;x , other=1,__proto__=2,novalue,=x,workflow.id=w%2D1'
    expect(parseBaggage(header, keys)).toEqual({ 'tenant.id': 't-1', 'workflow.id': 'w-1' })
  })

  it.each([
    'tenant.id=%',
    'tenant.id=%E0%A4%A',
    'tenant.id=',
    'tenant.id=%0d%0aset-cookie',
    `tenant.id=${'x'.repeat(257)}`,
  ])('leaves out the malformed %s', (header) => {
    expect(parseBaggage(header, keys)).toEqual({})
  })

  it('passes on entries of the application, but not what is known better or is of a tenant since replaced', () => {
    const entries: Parameters<typeof formatBaggage>[2] = [
      ['feature', { value: 'on' }],
      ['tenant.id', { value: 'stale' }],
      ['tenant.app_name', { value: 'stale-app' }],
      ['user.email', { value: 'stale@a.example' }],
      ['bad key', { value: 'x' }],
    ]
    const known = new Set([...keys, 'tenant.app_name'])
    expect(formatBaggage({ 'tenant.id': 't-2' }, known, entries)).toBe('tenant.id=t-2,feature=on')
  })

  it('stays within 64 members and 8,192 bytes, dropping whole members', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k.${index}`, 'v'.repeat(200)]))
    const header = formatBaggage(many, new Set(Object.keys(many)), [])
    expect(header.length).toBeLessThanOrEqual(8_192)
    expect(header.split(',').every((member) => /^k\.\d+=v{200}$/.test(member))).toBe(true)
    expect(formatBaggage(many, new Set(Object.keys(many)), []).split(',').length).toBeLessThanOrEqual(64)
    expect(parseBaggage(`${'x'.repeat(9_000)},tenant.id=a`, keys)).toEqual({})
  })

  it('reads back whatever a clean value holds, and survives any header', () => {
    const clean = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => /^[^\p{C}\p{Z}]+$/u.test(text))
    fc.assert(
      fc.property(clean, (value) => {
        expect(parseBaggage(formatBaggage({ 'tenant.id': value }, keys, []), keys)).toEqual({ 'tenant.id': value })
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (header) => {
        for (const key of Object.keys(parseBaggage(header, keys))) expect(keys.has(key)).toBe(true)
      }),
    )
  })
})
