import { describe, expect, it, onTestFinished } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

const token = 'pylf_v1_eu_0123456789abcdefghijABCDEFGHIJ'
const other = 'glc_abcdefghijklmnopqrstuvwxyz0123456789'

describe('a receiver that says back which token it does not know', () => {
  it.each(['own', 'official'])('does not bring it to stderr or into the status (%s exporter)', async (exporter) => {
    const sink = await otlpSink()
    onTestFinished(() => sink.close())
    sink.answer(({ headers, path }) => ({
      status: 401,
      body: JSON.stringify({ detail: `Invalid token on ${path}: ${headers.authorization}, and ${other}` }),
    }))
    sink.answerMetrics(401, `Invalid token of metrics: ${token}, and ${other}`)
    const app = runApp('metered.ts', {
      args: ['stops'],
      env: {
        TELEMETRY_BACKENDS: 'logfire',
        TELEMETRY_LOGFIRE_EXPORTER: exporter,
        LOGFIRE_TOKEN: token,
        LOGFIRE_BASE_URL: sink.url,
      },
    })
    expect(await app.ended).toMatchObject({ code: 0 })
    const said = [...app.stderr, ...app.stdout].join('\n')
    expect(said).toContain('Invalid token on /v1/traces: ***, and [Redacted: grafana_token]')
    expect(said).toContain('Invalid token of metrics: ***, and [Redacted: grafana_token]')
    expect(app.stdout.find((line) => line.startsWith('STATUS '))).toContain('Invalid token')
    for (const secret of [token, token.slice(12), other]) expect(said).not.toContain(secret)
  })
})
