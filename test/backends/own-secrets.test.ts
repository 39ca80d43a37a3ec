import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Backend, BackendType } from '../../src/backends/backend.ts'
import { grafanaBackend } from '../../src/backends/grafana.ts'
import { logfireBackend } from '../../src/backends/logfire.ts'
import { otlpBackend } from '../../src/backends/otlp.ts'
import { withoutOwn } from '../../src/backends/parts/own-secrets.ts'
import { shownUrl } from '../../src/backends/parts/shown-url.ts'
import { Secret } from '../../src/config/secret.ts'
import { encodePartialSuccess } from '../support/otlp-decode.ts'
import { logsOf, tracesOf } from '../support/telemetry-items.ts'

const never = new AbortController().signal
const token = 'my+own/s3cr3t=token'

/** A receiver that says what it was sent. */
async function echo(answer: (said: string) => { status: number; body: string | Uint8Array }): Promise<string> {
  const server = createServer((request: IncomingMessage, response) => {
    request.resume().on('end', () => {
      const said = `${request.headers.authorization} ${String(request.headers['x-api-key'])} ${request.url}`
      const { status, body } = answer(said)
      response
        .writeHead(status, { location: `https://ann:${encodeURIComponent(token)}@x.test/${token}?t=${token}` })
        .end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const backends = {
  grafana: [grafanaBackend, (url: string) => ({ endpoint: url, instanceId: '123456', apiKey: new Secret(token) })],
  logfire: [logfireBackend, (url: string) => ({ baseUrl: url, token: new Secret(token), pendingSpans: false })],
  otlp: [
    otlpBackend,
    (url: string) => ({
      endpoint: `${url}/?key=q-${encodeURIComponent(token)}`,
      headers: { authorization: new Secret(`Bearer ${token}`), 'x-api-key': new Secret(token) },
    }),
  ],
} as const

describe.each(Object.keys(backends) as (keyof typeof backends)[])('%s', (name) => {
  it.each([
    ['400 in words', 400, (said: string) => said],
    ['401 in JSON', 401, (said: string) => JSON.stringify({ detail: `Invalid token: ${said}` })],
    ['503', 503, (said: string) => `<html><title>${said.replaceAll('+', '&#43;')}</title></html>`],
    ['301', 301, () => ''],
    ['a partial success', 200, (said: string) => encodePartialSuccess('traces', 1, said)],
  ])('shows nothing of what it sent where %s says it', async (_, status, body) => {
    const url = await echo((said) => ({ status, body: body(said) }))
    const [type, options] = backends[name]
    for (const exporter of ['own', 'official'] as const) {
      const context = { name, timeoutMs: 5_000, compression: 'gzip', exporter } as const
      const backend: Backend = (type as unknown as BackendType).connect(options(url), context)
      onTestFinished(() => backend.close?.())
      const shown = JSON.stringify([
        await backend.deliver(tracesOf('one'), never),
        await backend.deliver(logsOf('one'), never),
        await backend.deliverMetrics?.({ resource: { attributes: {} } as never, scopeMetrics: [] }, never),
        'send' in backend
          ? await (backend as never as { send(request: object, signal: AbortSignal): Promise<unknown> }).send(
              { signal: 'traces', body: Buffer.alloc(0), compression: 'none' },
              never,
            )
          : undefined,
      ])
      // What came with a 503 the official exporters keep for themselves.
      if (status !== 301 && (exporter === 'own' || status < 500)) expect(shown).toContain('***')
      else expect(shown).toContain(`http_${status}`)
      for (const form of [
        token,
        encodeURIComponent(token),
        's3cr3t',
        Buffer.from(token).toString('base64').slice(4, 20),
      ])
        expect(shown).not.toContain(form)
      expect(shown).not.toContain(Buffer.from(`123456:${token}`).toString('base64'))
    }
  })
})

describe('what was sent', () => {
  const hidden = (text: string, value = token): string =>
    withoutOwn(text, { url: undefined, headers: { 'x-key': value } })

  it.each([
    ['as it is', token],
    ['in capitals', token.toUpperCase()],
    ['percent-encoded', encodeURIComponent(token)],
    [
      'in JSON',
      JSON.stringify(token)
        .slice(1, -1)
        .replaceAll('/', String.raw`\/`),
    ],
    ['in base64', Buffer.from(token).toString('base64')],
    ['in base64 for addresses', Buffer.from(token).toString('base64url')],
    ['in HTML', token.replace('/', '&#x2F;').replace('+', '&#43;').replace('=', '&equals;')],
  ])('is hidden %s', (_, form) => expect(hidden(`no such key: ${form}, sorry`)).toBe('no such key: ***, sorry'))

  it('is hidden in pairs, by its parts', () => {
    const basic = `Basic ${Buffer.from('42:pass-word').toString('base64')}`
    expect(hidden(`42:pass-word, pass-word, ${basic}, ${basic.slice(6)}`, basic)).toBe('***, ***, ***, ***')
    expect(hidden('Bearer abcdef and abcdef', 'Bearer abcdef')).toBe('*** and ***')
  })

  it('leaves what is no credential, and what could be any word', () => {
    const headers = { 'user-agent': 'mine/1.0.0', 'x-scope-orgid': 'tenant-1', 'x-short': 'abc' }
    const text = 'mine/1.0.0 may not write to tenant-1 (abc)'
    expect(withoutOwn(text, { url: undefined, headers })).toBe(text)
  })

  it('takes no longer than the text is long', () => {
    const startedAt = performance.now()
    hidden('my+own/s3cr3t=toke'.repeat(4_000))
    hidden(`${'\\'.repeat(30_000)}${'&#'.repeat(15_000)}`)
    expect(performance.now() - startedAt).toBeLessThan(500)
  })
})

it.each([
  ['https://ann:pw@x.test:8443/login?token=abc#def', 'https://x.test:8443/login'],
  ['https://ann:p@w@x.test/@me', 'https://x.test/@me'],
  ['//ann:pw@x.test/login', '//x.test/login'],
  ['/login?next=/v1/traces', '/login'],
  ['not a URL', 'not a URL'],
])('an address is shown without user and query: %s', (address, shown) => expect(shownUrl(address)).toBe(shown))
