import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Members, TenantSigner } from '../../src/tenant/signature.ts'

const key = 'k'.repeat(32)
const other = 'o'.repeat(32)
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const at = Date.UTC(2026, 0, 1)
const minute = 60_000

const signer = (keys: readonly string[], now = at): TenantSigner => new TenantSigner({ keys, now: () => now })
const reading =
  (members: Members) =>
  (name: string): string | undefined =>
    members.find(([each]) => each === name)?.[1]

const members: Members = [
  ['tenant.id', 'acme'],
  ['user.email', 'ann@acme.test'],
]
const signed = signer([key]).sign(members, traceId, minute)
const checked = (signature: string | undefined, given: Members = members, trace = traceId, now = at): unknown =>
  signer([key], now).verify(signature, trace, reading(given))

describe('a signature', () => {
  it('vouches for the members it was made for, in any order, and for no others', () => {
    expect(checked(signed)).toEqual(members)
    expect(checked(signed, [...members].reverse())).toEqual(members)
    expect(checked(signed, [...members, ['tenant.app_name', 'evil']])).toEqual(members)
  })

  it.each<[string, Members]>([
    ['another value', [['tenant.id', 'globex'], members[1]!]],
    ['a member less', [members[0]!]],
    ['an empty value', [['tenant.id', ''], members[1]!]],
  ])('does not vouch for %s', (_, given) => {
    expect(checked(signed, given)).toBe('altered')
  })

  it('holds until its time is over', () => {
    expect(checked(signed, members, traceId, at + minute)).toEqual(members)
    expect(checked(signed, members, traceId, at + minute + 1)).toBe('expired')
  })

  it('is worth nothing under another trace, or none', () => {
    expect(checked(signed, members, traceId.replace('4', '5'))).toBe('replayed')
    expect(signer([key]).verify(signed, undefined, reading(members))).toBe('replayed')
  })

  it('cannot be moved to another time, trace or set of keys', () => {
    const parts = signed.split('/')
    const moved = (index: number, value: string): string =>
      parts.map((part, at) => (at === index ? value : part)).join('/')
    expect(checked(moved(1, 'zzzzzz'))).toBe('altered')
    expect(checked(moved(2, traceId.replace('4', '5')), members, traceId.replace('4', '5'))).toBe('altered')
    expect(checked(moved(3, 'tenant.id'))).toBe('altered')
    expect(checked(moved(0, '2'))).toBe('malformed')
  })

  it('is checked against the new key and the one before it, and made with the new one', () => {
    const rotating = signer([other, key])
    expect(rotating.verify(signed, traceId, reading(members))).toEqual(members)
    const renewed = rotating.sign(members, traceId, minute)
    expect(signer([other]).verify(renewed, traceId, reading(members))).toEqual(members)
    expect(signer([key]).verify(renewed, traceId, reading(members))).toBe('altered')
  })

  it('is missed where there is none', () => {
    expect(checked(undefined)).toBe('unsigned')
  })

  it('never vouches for what was not signed, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(typeof checked(text)).toBe('string')
      }),
    )
    fc.assert(
      fc.property(
        fc.nat(signed.length - 1),
        fc.constantFrom('a', 'A', '0', '_', '-', '/', ':', '.'),
        (index, character) => {
          const bent = signed.slice(0, index) + character + signed.slice(index + 1)
          expect(bent === signed || typeof checked(bent) === 'string').toBe(true)
        },
      ),
    )
  })

  it('vouches for whatever text values it was made for', () => {
    const entries = fc.dictionary(fc.stringMatching(/^[a-z][a-z.]{0,10}$/), fc.string({ unit: 'binary' }), {
      minKeys: 1,
    })
    fc.assert(
      fc.property(entries, (given) => {
        const pairs = Object.entries(given)
        expect(checked(signer([key]).sign(pairs, traceId, minute), pairs)).toEqual(pairs)
      }),
    )
  })
})
