import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValueError } from '../../src/config/option.ts'
import { boolean } from '../../src/config/parsers/boolean.ts'
import { headers } from '../../src/config/parsers/headers.ts'
import { patterns } from '../../src/config/parsers/patterns.ts'
import { hostPatterns } from '../../src/config/parsers/host-pattern.ts'
import { peerServices, urlPath } from '../../src/config/parsers/http.ts'
import { instrumentationNames, propagatorNames } from '../../src/config/parsers/names.ts'
import { duration, integer, milliseconds, ratio, size } from '../../src/config/parsers/number.ts'
import { redactPath } from '../../src/config/parsers/redact-path.ts'
import { resourceAttributes } from '../../src/config/parsers/resource-attributes.ts'
import { tenantKeys } from '../../src/config/parsers/tenant-keys.ts'
import { listOf, oneOf, secret, text } from '../../src/config/parsers/text.ts'
import { httpUrl, isLoopbackUrl, isPlaintext, signalUrl } from '../../src/config/parsers/url.ts'
import { closest } from '../../src/config/did-you-mean.ts'

const problem = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof ValueError) return error.message
    throw error
  }
  throw new Error('accepted')
}
const revealed = (raw: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(headers(raw)).map(([name, value]) => [name, value.reveal()]))

const parsers: readonly (readonly [string, (raw: unknown) => unknown])[] = [
  ['text', text],
  ['secret', secret],
  ['oneOf', oneOf('a', 'b')],
  ['listOf', listOf(text)],
  ['boolean', boolean],
  ['integer', integer(1)],
  ['duration', duration()],
  ['milliseconds', milliseconds()],
  ['size', size(1)],
  ['ratio', ratio],
  ['headers', headers],
  ['resourceAttributes', resourceAttributes],
  ['hostPatterns', hostPatterns],
  ['urlPath', urlPath],
  ['peerServices', peerServices],
  ['tenantKeys', tenantKeys],
  ['instrumentationNames', instrumentationNames],
  ['propagatorNames', propagatorNames],
  ['httpUrl', httpUrl],
  ['patterns', patterns],
  ['redactPath', redactPath],
]

describe('every parser', () => {
  it.each(parsers)('%s throws nothing but a ValueError, whatever it is given', (_, parse) => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.anything(),
      fc.constantFrom('%', '=', 'a=%', '1e9s', Symbol('s'), 1n),
    )
    fc.assert(
      fc.property(anything, (raw) => {
        try {
          parse(raw)
        } catch (error) {
          expect(error).toBeInstanceOf(ValueError)
        }
      }),
    )
  })
})

describe('durations and sizes', () => {
  it.each([
    ['500ms', 500],
    ['3s', 3_000],
    [' 1.5 S ', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['250', 250],
    [250, 250],
  ])('%j is %d ms', (raw, expected) => expect(duration()(raw)).toBe(expected))

  it.each(['', 'soon', '3w', '-1s', '1s2', '0x10', 'Infinity', Number.NaN, Number.POSITIVE_INFINITY, true, null])(
    '%j is no duration',
    (raw) => {
      expect(problem(() => duration()(raw))).toBe('is not a duration')
    },
  )

  it('are bounded by what a timer can do', () => {
    expect(problem(() => duration()('1000h'))).toBe('is more than 2147483647ms')
    expect(problem(() => duration()('0'))).toBe('is less than 1ms')
    expect(duration(0)('0')).toBe(0)
  })

  it.each([
    ['1048576', 1_048_576],
    ['512KiB', 524_288],
    ['1MiB', 1_048_576],
    ['2kb', 2_000],
    ['10 B', 10],
  ])('%j is %d bytes', (raw, expected) => expect(size(1)(raw)).toBe(expected))

  it('round-trip', () => {
    const ms = fc.integer({ min: 1, max: 2_147_483 })
    fc.assert(
      fc.property(ms, (value) => {
        expect([duration()(`${value}ms`), duration()(value), milliseconds()(String(value))]).toEqual([
          value,
          value,
          value,
        ])
        expect([duration()(`${value}s`), size(1)(`${value}KiB`)]).toEqual([value * 1_000, value * 1_024])
      }),
    )
  })

  it('of OTEL_* variables are plain milliseconds', () => {
    expect(problem(() => milliseconds()('5s'))).toBe('is not a whole number')
  })
})

describe('booleans', () => {
  it.each([
    ['true', true],
    ['YES', true],
    ['1', true],
    [1, true],
    [false, false],
    ['no', false],
    [' 0 ', false],
  ])('%j is %j', (raw, expected) => expect(boolean(raw)).toBe(expected))

  it.each(['on', 'y', 'constructor', '2', [], {}])('%j is none', (raw) => {
    expect(problem(() => boolean(raw))).toBe('is neither true nor false')
  })
})

describe('headers', () => {
  it('are percent-decoded, trimmed, in lower case, and the last one counts', () => {
    expect(revealed(' Authorization = Basic%20YWJj== ,x-a=b%2Cc%3D%25,,X-A=last,empty=')).toEqual({
      authorization: 'Basic YWJj==',
      'x-a': 'last',
      empty: '',
    })
    expect(revealed('authorization=Basic a+b/c==')).toEqual({ authorization: 'Basic a+b/c==' })
    expect(revealed({ 'X-Key': 'a%20b', n: 1 })).toEqual({ 'x-key': 'a%20b', n: '1' })
  })

  it.each([
    ['a=%zz', 'has a "%" in the value of "a" that begins no percent-encoded character'],
    ['a=1,b', 'has no "=" in item 2'],
    ['=x', 'has no name before the "=" of item 1'],
    ['a=b;c=d', 'has a ";" in the value of "a"'],
    ['authorization: Basic abc=', 'has a ":" after the header name'],
    ['a=b\nc', 'has a line break in it'],
    ['a=b%0d%0aevil: 1', 'has a control or non-Latin character in the value of "a"'],
    ['a%20b=1', 'has a header name with characters that no header may have'],
    [['a=b'], 'is neither text nor an object'],
    [{ a: [] }, 'has no text for the header "a"'],
  ])('%j: %s', (raw, expected) => expect(problem(() => headers(raw))).toBe(expected))

  it('round-trip', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/)
    const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 5 }), (given) => {
        const list = Object.entries(given).map(([key, each]) => `${key}=${encodeURIComponent(each)}`)
        expect(revealed(list.join(','))).toEqual({ ...given })
        expect(revealed({ ...given })).toEqual({ ...given })
      }),
    )
  })
})

describe('resource attributes', () => {
  it('round-trip', () => {
    const pair = fc.tuple(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    )
    const tidy = pair.filter(([name, value]) => name.trim() === name && value.trim() === value)
    fc.assert(
      fc.property(fc.uniqueArray(tidy, { selector: ([name]) => name, minLength: 1, maxLength: 4 }), (given) => {
        const list = given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
        expect(new Map(Object.entries(resourceAttributes(list.join(','))))).toEqual(new Map(given))
      }),
    )
  })

  it('are worth nothing with one bad item', () => {
    expect(problem(() => resourceAttributes('a=1,b=%e0%a4'))).toContain('"b"')
  })
})

describe('hosts', () => {
  it.each([
    ['https://api.test', 'is a URL'],
    ['api.test:8080', 'has a port'],
    ['a b', 'is no host pattern'],
    ['*.', 'is no host pattern'],
  ])('%j %s', (raw, expected) => expect(problem(() => hostPatterns(raw))).toContain(expected))

  it('may be all, and none only alone', () => {
    expect(hostPatterns('*')).toEqual(['*'])
    expect(problem(() => hostPatterns('none,a'))).toBe('names hosts beside "none"')
  })
})

describe('addresses', () => {
  it.each([
    ['localhost:4318', 'is not an http or https URL'],
    ['ftp://a', 'is not an http or https URL'],
    ['http:/a', 'is not an http or https URL'],
    ['https://user:pass@a.test', 'has a user name or password in it'],
    ['https://token@a.test', 'has a user name or password in it'],
    ['https://a.test/#x', 'has a "#" in it'],
    ['https://a.test/\nx', 'has a line break or another control character'],
  ])('%j %s', (raw, expected) => expect(problem(() => httpUrl(raw))).toBe(expected))

  it('know this machine from others', () => {
    const own = [
      'http://localhost',
      'http://a.localhost:1',
      'http://127.0.0.1',
      'http://127.1',
      'http://[::1]:9',
      'http://[::ffff:127.0.0.1]',
      'http://localhost.',
    ]
    const others = [
      'http://127.0.0.1.evil.test',
      'http://localhost.evil.test',
      'http://10.0.0.1',
      'http://[::2]',
      'http://128.0.0.1',
    ]
    expect(own.filter((url) => !isLoopbackUrl(url))).toEqual([])
    expect(others.filter(isLoopbackUrl)).toEqual([])
    expect([isPlaintext('http://a.test'), isPlaintext('https://a.test'), isPlaintext('http://localhost')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it.each([
    ['http://a.test', 'http://a.test/v1/traces'],
    ['http://a.test/', 'http://a.test/v1/traces'],
    ['http://a.test/otlp//', 'http://a.test/otlp/v1/traces'],
    ['http://a.test/otlp?k=v', 'http://a.test/otlp/v1/traces?k=v'],
  ])('%s becomes %s', (base, expected) => expect(signalUrl(base, 'traces')).toBe(expected))
})

describe('the guess at what was meant', () => {
  it.each([
    ['grafna', 'grafana'],
    ['garfana', 'grafana'],
    ['GRAFANA', 'grafana'],
    ['logfires', 'logfire'],
    ['kafka', undefined],
    ['x', undefined],
    ['x'.repeat(500), undefined],
  ])('for %s is %s', (word, expected) => expect(closest(word, ['grafana', 'logfire', 'otlp', 'none'])).toBe(expected))
})

describe('patterns of secrets', () => {
  it('are read from text and from an object, by name', () => {
    expect(patterns('iban=[A-Z]{2}\\d+; pin = a=b\n')).toEqual({ iban: '[A-Z]{2}\\d+', pin: ' a=b' })
    expect(patterns({ iban: /[A-Z]{2}/, pin: 'x' })).toEqual({ iban: '[A-Z]{2}', pin: 'x' })
    expect(patterns('')).toEqual({})
  })

  it.each([
    ['[A-Z]+', 'has an item without a name'],
    ['a b=x', 'has a name that is none'],
    ['iban=', 'has no expression for "iban"'],
    ['iban=(', expect.stringMatching(/^has an expression for "iban" that is none: .*Unterminated group/)],
    ['iban=x*', 'has an expression for "iban" that matches the empty text, and so everywhere'],
    [7, 'is neither text nor an object'],
  ])('%j: %s', (raw, expected) => expect(problem(() => patterns(raw))).toEqual(expected))
})

describe('paths of requests', () => {
  it.each(['/', '/health', '/internal/*', '*'.padStart(2, '/')])('%j is one', (raw) => expect(urlPath(raw)).toBe(raw))

  it.each([
    ['health', 'is not a path'],
    ['/a?b=c', 'has a query or a fragment'],
    ['/a/*/b', 'has a * before its end'],
    ['', 'is empty'],
  ])('%j is none', (raw, message) => expect(problem(() => urlPath(raw))).toBe(message))
})

describe('peer services', () => {
  it('are read from pairs and from an object, by host pattern', () => {
    expect(peerServices('API.stripe.com=stripe,*.openai.com=openai')).toEqual({
      'api.stripe.com': 'stripe',
      '*.openai.com': 'openai',
    })
    expect(peerServices({ 'api.stripe.com': 'stripe' })).toEqual({ 'api.stripe.com': 'stripe' })
  })

  it('are not by URL', () => {
    expect(problem(() => peerServices({ 'https://api.stripe.com': 'stripe' }))).toBe('is a URL')
  })
})

describe('tenant keys', () => {
  const [first, second, third] = ['a', 'b', 'c'].map((letter) => letter.repeat(32)) as [string, string, string]
  const keysOf = (raw: unknown): string[] => tenantKeys(raw).map((key) => key.reveal())

  it('are one, or two while they are being changed', () => {
    expect(keysOf(first)).toEqual([first])
    expect(keysOf(`${second}, ${first}`)).toEqual([second, first])
    expect(keysOf([second, first])).toEqual([second, first])
  })

  it.each([
    ['short', 'has a key of fewer than 32 characters'],
    [`${first},short`, 'has a key of fewer than 32 characters'],
    [[first, second, third].join(','), 'has more than two keys'],
    [[], 'holds no key'],
    [7, 'holds no key'],
  ])('%j is refused', (raw, message) => expect(problem(() => tenantKeys(raw))).toBe(message))
})

describe('a path to censor', () => {
  it.each(['ssn', 'user.ssn', '*.card', 'items[*].key', '[*].key', '["x-y"].z', "a['b.c'][0].d", 'first name'])(
    'is %j',
    (path) => {
      expect(redactPath(` ${path} `)).toBe(path)
    },
  )

  it.each(['a..b', '.a', 'a.', 'a[', 'a]', 'a[]', '["a]', 'a[0]b', 'a.[0]'])('is not %j', (path) => {
    expect(problem(() => redactPath(path))).toBe('is no path')
  })
})
