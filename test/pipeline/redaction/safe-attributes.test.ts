import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { expect, it } from 'vitest'
import { Redactor } from '../../../src/pipeline/redaction/redactor.ts'
import { safeAttributes } from '../../../src/pipeline/redaction/safe-attributes.ts'
import { spanOf } from '../../support/telemetry-items.ts'

const redactor = new Redactor({ keys: [], safeKeys: [], patterns: {} })
const secret = '{"password":"hunter2"}'

function valueOf(key: string, value: string): unknown {
  const span: ReadableSpan = { ...spanOf('work'), attributes: { [key]: value } }
  redactor.span(span)
  return span.attributes[key]
}

it.each([
  'job.data',
  'messaging.message.body',
  'messaging.destination.name.of.mine',
  'rpc.request',
  'rpc.request.metadata.x',
  'code.args',
  'operation.input',
  'workflow.input',
  'tenant.settings',
  'request.id.note',
  'db.query.text',
  'db.statement',
  'user_agent.original',
  'logfire.msg',
  'otel.status_description',
  'service.config',
  'exception.message',
])('%s may hold anything, and is looked at', (key) => {
  expect(valueOf(key, secret)).toBe('{"password":"[Redacted: password]"}')
})

it('statements are looked at whenever they come, also after the same without a secret', () => {
  const clean = 'SELECT 1 WHERE token = $1'
  const texts = [clean, secret, clean, "SET password = 'x'", secret].map((text) => valueOf('db.query.text', text))
  const censored = '{"password":"[Redacted: password]"}'
  expect(texts).toEqual([clean, censored, clean, "SET password = '[Redacted: password]'", censored])
  const many = Array.from({ length: 1_000 }, (_, index) => `SELECT ${index}, password = 'x${index}'`)
  for (const text of many) {
    expect(valueOf('db.query.text', text.split(',')[0] as string)).toBe(text.split(',')[0])
    expect(valueOf('db.query.text', text)).toContain("password = '[Redacted: password]'")
  }
})

it('no attribute that is left alone has a name of secrets', () => {
  for (const key of safeAttributes) expect([key, valueOf(key, 'correct horse')]).toEqual([key, 'correct horse'])
})
