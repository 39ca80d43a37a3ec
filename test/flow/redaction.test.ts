import { expect, it } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

const secret = 'hunter2hunter2'

it('no backend gets a secret, whatever sends to it, and each is told what was censored', async () => {
  const [own, official] = [await otlpSink(), await otlpSink()]
  const app = runApp('secrets.ts', {
    env: {
      TELEMETRY_BACKENDS: 'otlp:own,otlp:official,console',
      TELEMETRY_OWN_ENDPOINT: own.url,
      TELEMETRY_OFFICIAL_ENDPOINT: official.url,
      TELEMETRY_OFFICIAL_EXPORTER: 'official',
      TELEMETRY_REDACT_KEYS: 'pin',
      TELEMETRY_REDACT_SAFE_KEYS: 'next.*',
      TELEMETRY_REDACT_PATTERNS: String.raw`iban=\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b`,
    },
  })
  expect(await app.ended).toMatchObject({ code: 0, signal: null })
  expect([...app.stdout, ...app.stderr].join('\n')).not.toContain(secret)
  expect(app.stdout.join('\n')).toContain('[Redacted]')
  for (const sink of [own, official]) {
    const [span] = sink.spans()
    expect(JSON.stringify([span, sink.logRecords()])).not.toContain(secret)
    expect(span?.attributes).toMatchObject({
      'db.password': '[Redacted]',
      'next.page_token': 'page7',
      'redaction.masked.keys':
        'db.password,http.request.header.authorization,exception.message,exception.stacktrace,status.message',
    })
    expect(span?.status).toMatchObject({ message: 'refused: api_key=[Redacted: api_key]' })
    const [line, record] = sink.logRecords().toSorted((one, other) => one.severityNumber - other.severityNumber)
    expect([line?.body, line?.attributes]).toEqual([
      'paid with password="[Redacted: password]"',
      expect.objectContaining({
        card: { pin: '[Redacted]' },
        url: 'https://x.test/?token=[Redacted: token]',
        'redaction.masked.keys': 'card.pin,url,body',
      }),
    ])
    expect([record?.body, record?.attributes]).toEqual([
      { headers: { cookie: '[Redacted]' } },
      expect.objectContaining({
        apiKey: '[Redacted]',
        iban: '[Redacted: iban]',
        'redaction.masked.keys': 'apiKey,iban,body.headers.cookie',
      }),
    ])
  }
  await Promise.all([own.close(), official.close()])
})

it('can be switched off', async () => {
  const sink = await otlpSink()
  const app = runApp('secrets.ts', {
    env: { TELEMETRY_BACKENDS: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, TELEMETRY_REDACT: 'false' },
  })
  expect(await app.ended).toMatchObject({ code: 0 })
  expect(sink.spans()[0]?.attributes).toMatchObject({ 'db.password': secret })
  await sink.close()
})
