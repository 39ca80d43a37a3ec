import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { configureLogging, createLogger, defaultLoggingSettings } from '../../src/logging/logger.ts'
import { capture, lines } from './support.ts'

afterEach(() => {
  configureLogging(defaultLoggingSettings)
})

describe('createLogger', () => {
  it('makes a real pino logger', () => {
    const out = lines()
    const log = createLogger({ name: 'api', base: { region: 'ams' }, msgPrefix: '> ' }, out)
    expect(log.version).toBe(pino.version)
    expect(log.isLevelEnabled('debug')).toBe(false)
    log.child({ a: 1 }, { level: 'debug', msgPrefix: '>> ' }).debug({ b: 2 }, 'hello %s', 'you')
    expect(out.line()).toMatchObject({ level: 20, name: 'api', region: 'ams', a: 1, b: 2, msg: '> >> hello you' })
  })

  it('passes on serializers, formatters, hooks, timestamps and custom levels', () => {
    const out = lines()
    const seen: unknown[] = []
    const log = createLogger(
      {
        customLevels: { audit: 35 },
        serializers: { user: (user: { id: string }) => user.id },
        formatters: { level: (label) => ({ level: label }), log: (object) => ({ ...object, formatted: true }) },
        hooks: {
          logMethod(args, method, level) {
            seen.push(level)
            method.apply(this, args)
          },
          streamWrite: (line) => line.replace('"audited"', '"audited!"'),
        },
        timestamp: pino.stdTimeFunctions.isoTime,
        onChild: (child) => seen.push(typeof child.info),
      },
      out,
    )
    expectTypeOf(log.audit).toBeFunction()
    log.child({}).audit({ user: { id: 'u' } }, 'audited')
    expect(out.line()).toMatchObject({ level: 'audit', user: 'u', formatted: true, msg: 'audited!' })
    expect(out.line()['time']).toMatch(/^\d{4}-\d\d-\d\dT/)
    expect(seen).toEqual(['function', 35])
  })

  it('throws what pino throws for options it does not take', () => {
    expect(() => createLogger({ level: 'nope' }, lines())).toThrow(/nope/)
  })

  it('writes to a transport in a worker, with trace, tenant and redaction the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const destination = join(folder, 'out.log')
    const captured = capture()
    const log = createLogger({ transport: { target: 'pino/file', options: { destination } } })
    log.info({ password: 'p', a: 1 }, 'to the worker')
    const stream = (log as unknown as Record<symbol, { end(): void; once(event: string, fn: () => void): void }>)[
      pino.symbols.streamSym
    ]
    if (stream === undefined) throw new Error('the logger has no stream')
    const closed = once(stream as never, 'close')
    stream.end()
    await closed
    expect(JSON.parse(await readFile(destination, 'utf8'))).toMatchObject({
      a: 1,
      password: '[Redacted]',
      msg: 'to the worker',
    })
    expect(captured.record()).toMatchObject({ body: 'to the worker', attributes: { a: 1, password: '[Redacted]' } })
  })

  it('writes to several streams, each line censored', () => {
    const [all, errors] = [lines(), lines()]
    const log = createLogger({}, pino.multistream([{ stream: all }, { level: 'error', stream: errors }]))
    log.info({ token: 't' }, 'a')
    log.error({ token: 't' }, 'b')
    expect(all.text).toHaveLength(2)
    expect(errors.text).toHaveLength(1)
    expect([...all.text, ...errors.text].join('')).not.toContain('"t"')
  })
})

describe('redaction of our loggers', () => {
  const secrets = {
    password: 's3cret',
    req: { headers: { authorization: 'Bearer s3cret', 'set-cookie': ['s3cret'], accept: '*/*' } },
  }

  it('covers fields, bindings, later bindings, children with redact options, serializers, toJSON and %o', () => {
    const out = lines()
    const captured = capture()
    const log = createLogger({ serializers: { env: () => ({ API_KEY: 's3cret' }) }, redact: ['ssn'] }, out)
    log.info(secrets, 'fields')
    log.child(secrets).info('bindings')
    log.child({ db: { password: 's3cret' } }, { redact: ['x'] }).info({ token: 's3cret' }, 'child with redact')
    const late = log.child({})
    late.setBindings({ session_token: 's3cret' })
    late.info('set later')
    log.info({ env: 1, lazy: { toJSON: () => ({ jwt: 's3cret' }) } }, 'made late')
    log.info({ err: Object.assign(new Error('failed'), { config: { headers: { Authorization: 's3cret' } } }) })
    log.info('text %o and %j', { password: 's3cret', kept: 'a' }, { deep: { token: 's3cret' }, kept: 'b' })
    log.info({ a: 1 }, { clientSecret: 's3cret' } as never)
    const circular: Record<string, unknown> = { password: 's3cret' }
    circular['self'] = circular
    log.info('around %o', circular)
    log.info({ ssn: 's3cret' }, "pino's own")
    expect(out.text).toHaveLength(10)
    for (const line of out.text) {
      expect(line).not.toContain('s3cret')
      expect(line).toContain('[Redacted]')
    }
    expect(JSON.stringify(captured.records().map(({ body, attributes }) => ({ body, attributes })))).not.toContain(
      's3cret',
    )
    expect(JSON.parse(out.text[6] as string).msg).toBe(
      'text {"password":"[Redacted]","kept":"a"} and {"deep":{"token":"[Redacted]"},"kept":"b"}',
    )
  })

  it('leaves the objects of the caller as they are', () => {
    const args = structuredClone(secrets)
    createLogger({}, lines()).info(args, '%o', args)
    expect(args).toEqual(secrets)
  })

  it("joins pino's redact options, censor and remove included", () => {
    const out = lines()
    createLogger({ redact: { paths: ['card.number'], censor: (value) => String(value).slice(-2) } }, out).info(
      { card: { number: '1234' }, token: 't' },
      'x',
    )
    expect(out.line()).toMatchObject({ card: { number: '34' }, token: '[Redacted]' })
    const removing = lines()
    createLogger({ redact: { paths: ['gone'], remove: true } }, removing).info({ gone: 1, pwd: 'p' }, 'x')
    expect(removing.line()).not.toHaveProperty('gone')
    expect(removing.line()['pwd']).toBe('[Redacted]')
  })

  it('can be switched off for a logger and its children, on both ways', () => {
    const out = lines()
    const captured = capture()
    createLogger({ redact: false }, out).child({ token: 't' }).info({ password: 'p' }, 'x')
    expect(out.line()).toMatchObject({ token: 't', password: 'p' })
    expect(captured.record().attributes).toEqual({ token: 't', password: 'p' })
  })

  it('takes further paths from the configuration, for bindings given before too', () => {
    const out = lines()
    const child = createLogger({}, out).child({ ssn: '1', card: { number: '2', kind: 'visa' } })
    configureLogging({ ...defaultLoggingSettings, redact: ['ssn', 'card.number'] })
    const captured = capture()
    child.info('x')
    const expected = { ssn: '[Redacted]', card: { number: '[Redacted]', kind: 'visa' } }
    expect(out.line()).toMatchObject(expected)
    expect(captured.record().attributes).toEqual(expected)
  })
})

describe('last words of further names', () => {
  it('are censored on stdout, at any depth and in any case', () => {
    const out = lines()
    configureLogging({ ...defaultLoggingSettings, redactKeys: ['pin', 'license-key'] })
    createLogger({}, out).info({ cardPin: '9', card: { PIN: '9', spin: 'fast' }, licenseKey: 'A', pins: 'kept' }, 'x')
    expect(out.line()).toMatchObject({
      cardPin: '[Redacted]',
      card: { PIN: '[Redacted]', spin: 'fast' },
      licenseKey: '[Redacted]',
      pins: 'kept',
    })
  })
})

describe('level', () => {
  const shown = (log: { readonly level: string }): string => log.level

  it('follows the configuration, also of a logger and a child made before', () => {
    const log = createLogger({}, lines())
    const child = log.child({ a: 1 })
    expect(shown(log)).toBe('info')
    configureLogging({ ...defaultLoggingSettings, level: 'debug' })
    expect([log, child, createLogger({}, lines())].map(shown)).toEqual(['debug', 'debug', 'debug'])
    configureLogging({ ...defaultLoggingSettings, level: 'silent' })
    expect(log.isLevelEnabled('fatal')).toBe(false)
    configureLogging(defaultLoggingSettings)
    expect(shown(log)).toBe('info')
  })

  it('stays what its maker set', () => {
    const byOption = createLogger({ level: 'warn' }, lines())
    const byHand = createLogger({}, lines())
    const disabled = createLogger({ enabled: false }, lines())
    const child = createLogger({}, lines()).child({}, { level: 'error' })
    byHand.level = 'trace'
    configureLogging({ ...defaultLoggingSettings, level: 'debug' })
    expect([byOption, byHand, disabled, child].map(shown)).toEqual(['warn', 'trace', 'silent', 'error'])
  })

  it('stays where a logger does not have the configured one', () => {
    const log = createLogger({ customLevels: { high: 90 }, useOnlyCustomLevels: true, level: 'high' }, lines())
    configureLogging({ ...defaultLoggingSettings, level: 'debug' })
    expect(shown(log)).toBe('high')
  })
})
