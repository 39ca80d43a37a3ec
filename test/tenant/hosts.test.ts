import { describe, expect, it } from 'vitest'
import { hostMatcher } from '../../src/tenant/hosts.ts'

describe('hostMatcher', () => {
  const byDefault = hostMatcher(['loopback', '*.internal', '*.flycast'])

  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'api.localhost',
    '127.0.0.1',
    '127.8.9.255',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
    'api.internal',
    'top1.nearest.of.api.internal.',
    'app.flycast',
  ])('lets %s learn the tenant by default', (host) => {
    expect(byDefault(host)).toBe(true)
  })

  it.each([
    '',
    'internal',
    '.internal',
    'evil-internal',
    'evilinternal',
    'api.internal.evil.com',
    'example.com',
    '127.evil.com',
    '127.0.0.256',
    '127.0.0.1.evil.com',
    '10.0.0.1',
    '0.0.0.0',
    'localhost.evil.com',
    'notlocalhost',
    '[::2]',
  ])('keeps it from %s', (host) => {
    expect(byDefault(host)).toBe(false)
  })

  it('takes exact names, everything, and nothing', () => {
    expect(hostMatcher(['api.acme.test'])('API.acme.test')).toBe(true)
    expect(hostMatcher(['api.acme.test'])('x.api.acme.test')).toBe(false)
    expect(hostMatcher(['*'])('anything.example')).toBe(true)
    expect(hostMatcher([])('localhost')).toBe(false)
  })
})
