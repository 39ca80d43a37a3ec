import { SpanKind, trace } from '@opentelemetry/api'
import express from 'express'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { currentTenant, tenant } from '../../src/index.ts'
import { expressTelemetry, expressTelemetryErrors } from '../../src/integrations/express.ts'
import { honoTelemetry } from '../../src/integrations/hono.ts'
import { refusalOf } from '../../src/integrations/http/refusal.ts'
import { localSdk } from '../support/local-sdk.ts'
import { recordKeeper, serving } from './http-kit.ts'

let sdk: ReturnType<typeof localSdk>
let keeper: ReturnType<typeof recordKeeper>
beforeEach(() => {
  sdk = localSdk()
  keeper = recordKeeper()
})
afterEach(() => sdk.stop())

describe('a request that is made in the process, in the work of another server', () => {
  it.each([
    ['of MCP', { 'mcp.method.name': 'tools/call' }],
    ['of HTTP', { 'http.request.method': 'GET', 'url.path': '/report' }],
  ])('leaves the name and the tenant of the span %s alone', async (_, attributes) => {
    const app = new Hono()
    app.use(honoTelemetry({ logger: keeper.logger, tenant: (c) => tenant({ id: c.req.query('t') ?? '' }) }))
    app.get('/notes', (c) => c.text(String(currentTenant()?.['tenant.id'])))
    await trace.getTracer('test').startActiveSpan('report', { kind: SpanKind.SERVER, attributes }, async (span) => {
      expect(await (await app.request('/notes?t=A')).text()).toBe('A')
      expect(currentTenant()).toBeUndefined()
      expect(await (await app.request('/notes?t=B')).text()).toBe('B')
      span.end()
    })
    const { name, attributes: kept } = sdk.span('report')
    expect([name, kept]).toEqual(['report', attributes])
  })
})

describe('an answer to one who is not let in', () => {
  it('has of the headers of an error those that are for the caller', () => {
    const headers = {
      'WWW-Authenticate': 'Bearer',
      'retry-after': '5',
      'set-cookie': 'upstream=secret',
      'content-length': '300',
      'x-internal-token': 'secret',
      'cache-control': 'no\nstore',
    }
    expect(refusalOf({ statusCode: 404, code: 'gone', headers })).toEqual({
      statusCode: 404,
      code: 'gone',
      headers: { 'WWW-Authenticate': 'Bearer', 'retry-after': '5' },
    })
  })
})

describe('the error in a record', () => {
  it('is its name, message, stack and code, and nothing that a driver or a client hung on it', async () => {
    const app = express()
    app.use(expressTelemetry({ logger: keeper.logger }))
    app.get('/', () => {
      throw Object.assign(new Error('duplicate key'), {
        code: '23505',
        detail: 'Key (email)=(jane@customer.example) already exists.',
        command: { name: 'set', args: ['jane@customer.example'] },
      })
    })
    app.use(expressTelemetryErrors())
    await fetch(await serving(app), { headers: { 'x-request-id': 'one' } })
    const { fields } = await keeper.of('one')
    expect(Object.keys(fields['err'] as object).sort()).toEqual(['code', 'message', 'name', 'stack'])
    expect(fields['err']).toMatchObject({ name: 'Error', message: 'duplicate key', code: '23505' })
  })
})
