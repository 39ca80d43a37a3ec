import fc from 'fast-check'
import { expect, it } from 'vitest'
import { censorSecrets } from '../../../src/pipeline/redaction/censor-secrets.ts'

it('takes the secrets out of what another party says', () => {
  expect(censorSecrets('401 {"message":"invalid key","apiKey":"abcd1234"}')).toBe(
    '401 {"message":"invalid key","apiKey":"[Redacted: apikey]"}',
  )
  expect(censorSecrets('cannot reach https://ann:hunter2@otlp.test/v1/traces')).toBe(
    'cannot reach https://ann:[Redacted: url_credentials]@otlp.test/v1/traces',
  )
})

it('leaves the rest as it is, and is the same when done twice', () => {
  expect(censorSecrets('the tenant is over its quota')).toBe('the tenant is over its quota')
  const words = 'password Token API_KEY PWD Set-Cookie sig Bearer hunter2 a=b AKIAABCDEFGHIJKLMNOP abcDEF1234567890='
  const parts = [...String.raw`${words} = : " ' \" & ? ; ] %5D => :// @ _ - .`.split(' '), ' ', '\n']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (text) => {
      const once = censorSecrets(text.join(''))
      expect(censorSecrets(once)).toBe(once)
    }),
    { numRuns: 2_000 },
  )
})

it('never throws, not even for what is no text', () => {
  expect(censorSecrets(undefined as unknown as string)).toBe('[Redacted]')
})
