import { expect, it, onTestFinished } from 'vitest'
import { otlpSink } from '../support/otlp-sink.ts'
import { runApp } from '../support/run-app.ts'

it.each(['parentbased_always_on', 'always_on'])('leaves out requests of ignored paths, with %s', async (sampler) => {
  const backend = await otlpSink()
  onTestFinished(() => backend.close())
  const app = runApp('health.ts', {
    env: {
      TELEMETRY_BACKENDS: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: backend.url,
      OTEL_TRACES_SAMPLER: sampler,
      TELEMETRY_IGNORE_PATHS: '/health,/internal/*',
    },
  })
  const url = `http://127.0.0.1:${(await app.line(/^listening (\d+)$/))[1]}`
  for (const path of ['/health', '/health?full=1', '/internal/ready', '/healthy', '/'])
    await (await fetch(url + path)).text()
  app.kill('SIGTERM')
  await app.ended
  const recorded = backend.spans().filter(({ kind }) => kind === 2)
  expect(recorded.map(({ attributes }) => attributes['url.path'])).toEqual(['/healthy', '/'])
  expect(backend.spans().filter(({ name }) => name === 'look')).toHaveLength(2)
  expect(backend.logRecords().map(({ attributes }) => attributes['path'])).toEqual([
    '/health',
    '/health?full=1',
    '/internal/ready',
    '/healthy',
    '/',
  ])
})
