import { describe, expect, it, onTestFinished } from 'vitest'
import { isOtlpBackend, type OtlpOutcome } from '../../src/backends/backend.ts'
import { otlpHttp } from '../../src/backends/otlp-http.ts'
import { retryAfterMs } from '../../src/backends/parts/retry-after.ts'
import { plainView } from '../../src/backends/view.ts'
import { type Answer, otlpSink, type OtlpSink } from '../support/otlp-sink.ts'
import { tracesOf } from '../support/telemetry-items.ts'

const never = new AbortController().signal

async function sinkThat(answer: Answer): Promise<OtlpSink> {
  const sink = await otlpSink()
  sink.answer(answer)
  onTestFinished(() => sink.close())
  return sink
}

/** How one request over a real connection ended. */
async function sent(answer: Answer): Promise<OtlpOutcome> {
  const { url } = await sinkThat(answer)
  const common = { headers: {}, timeoutMs: {}, compression: {} }
  const backend = otlpHttp({ endpoints: { traces: `${url}/v1/traces` }, ...common })
  onTestFinished(() => backend.close?.())
  if (!isOtlpBackend(backend)) throw new Error('it takes no requests')
  const { body } = await tracesOf('one', 'two').bytes(plainView, 'gzip')
  return backend.send({ signal: 'traces', body, compression: 'gzip' }, never)
}

/** The same through the official exporter. */
async function exported(answer: Answer): Promise<OtlpOutcome> {
  const { url } = await sinkThat(answer)
  const common = { headers: {}, timeoutMs: {}, compression: {}, exporter: 'official' } as const
  const backend = otlpHttp({ endpoints: { traces: `${url}/v1/traces` }, ...common })
  onTestFinished(() => backend.close?.())
  return backend.deliver(tracesOf('one', 'two'), never)
}

const text = (body: string, type = 'text/plain'): Answer => ({ body, headers: { 'content-type': type } })
const page = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>'

describe('a 200', () => {
  it.each([
    ['a page that says that it is one', text(page, 'text/html; charset=utf-8')],
    ['a page that says that it is something else', { body: `\n ${page}`, status: 202 }],
    ['a page without a doctype', text('<html lang="en"><title>Sign in</title>', '')],
    ['words that say that they are a page', text('Sign in', 'text/html')],
  ])('with %s takes nothing: it is held, with what to do', async (_, answer) => {
    const outcome = await sent(answer)
    expect(outcome).toMatchObject({ kind: 'blocked', message: 'Sign in' })
    expect(outcome).toMatchObject({
      hint: expect.stringMatching(/^A web page came back, .* check the endpoint/) as string,
    })
    expect(await exported(answer)).toMatchObject({ kind: 'rejected', message: 'a web page came back: Sign in' })
  })

  it.each([
    ['nothing in it', text('', 'text/html')],
    ['text', text('ok')],
    ['a document that is none for people', text('<ok/>', 'application/xml')],
    ['garbage', { body: Buffer.from([0x3c, 0x00, 0xff, 0x0a]) }],
  ])('with %s took everything', async (_, answer) => {
    expect(await sent(answer)).toEqual({ kind: 'delivered' })
    expect(await exported(answer)).toEqual({ kind: 'delivered' })
  })

  it('says in JSON what it left out, also without saying that it is JSON', async () => {
    const body = JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage: 'too old' } })
    const outcome = { kind: 'rejected', reason: 'partial_success', message: 'too old', count: 1 }
    expect(await sent(text(body, 'application/json'))).toEqual(outcome)
    expect(await sent(text(body))).toEqual(outcome)
  })
})

describe('an answer that speaks of a request, and is none to it', () => {
  it.each([408, 409, 425, 499, 500, 503])('%i is trouble in passing: nothing is taken apart', async (status) =>
    expect(await sent({ status, body: 'context canceled' })).toEqual({
      kind: 'retry',
      reason: `http_${status}`,
      message: 'context canceled',
    }),
  )

  it('counts what Loki left out of every stream', async () => {
    const of = (count: number, stream: string): string =>
      `entry with timestamp 2026-11-23 ignored, reason: 'entry too far behind',\ntotal ignored: ${count} out of 10 for stream: ${stream}`
    const outcome = await sent({ status: 400, body: `${of(3, '{a="b"}')}\n${of(4, '{a="c"}')}` })
    expect(outcome).toMatchObject({ kind: 'rejected', reason: 'not_taken', count: 7 })
  })
})

describe('a 429', () => {
  const tooLarge = 'grpc: received message after decompression larger than max (15728641 vs. 15728640)'
  const rate = 'ingestion rate limit exceeded: rate exceeds the max of 4 MB/s'

  it.each([tooLarge, 'message too large', 'request exceeds the max of 4 MB'])(
    'that speaks of size and not of when to come again is taken apart, as Tempo means it: %s',
    async (body) => expect(await sent({ status: 429, body })).toMatchObject({ kind: 'split', cause: 'size' }),
  )

  it.each([tooLarge, rate])(
    'with Retry-After is a limit of rate, as Tempo has it, whatever it says: it is waited for: %s',
    async (body) =>
      expect(await sent({ status: 429, body, headers: { 'retry-after': '5' } })).toMatchObject({
        kind: 'retry',
        afterMs: 5_000,
      }),
  )

  it('that speaks of a rate is one: halves would be as much, and single items would be dropped', async () =>
    expect(await sent({ status: 429, body: rate })).toEqual({ kind: 'retry', reason: 'http_429', message: rate }))

  it.each(['soon 3', 'in 5 minutes', '1e3', '-1', '2026-11-23', '3.5'])(
    'with a Retry-After that is none ("%s") is waited for as without one',
    async (value) => {
      const answer = { status: 429, body: 'slow down', headers: { 'retry-after': value } }
      expect(await sent(answer)).toEqual({ kind: 'retry', reason: 'http_429', message: 'slow down' })
      expect(await exported(answer)).not.toHaveProperty('afterMs')
    },
  )
})

describe('Retry-After', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 0)
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['Sun Nov  6 08:49:37 1994', 37_000],
    ['Sun, 06 Nov 1994 08:48:37 GMT', 0],
    ['Saturday, 06-Nov-50 08:49:00 GMT', 0],
    [' 120 ', 120_000],
    ['', undefined],
    [undefined, undefined],
    ['9'.repeat(400), undefined],
    ['Sun, 06 Nov 1994 08:49:37 +0200', undefined],
    ['06 Nov 1994', undefined],
  ])('of "%s"', (value, ms) => expect(retryAfterMs(value, now)).toBe(ms))

  it('has a year of two digits in the next fifty years, or in the past', () => {
    expect(retryAfterMs('Monday, 01-Jan-01 00:00:00 GMT', Date.UTC(1999, 0, 1))).toBe(0)
    expect(retryAfterMs('Friday, 01-Jan-27 00:00:00 GMT', Date.UTC(2026, 11, 31, 23, 59))).toBe(60_000)
  })
})
