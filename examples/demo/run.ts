// Starts the gateway and the api as two processes, sends four requests of two tenants, and ends.
//   npm run demo                 draws every trace in this terminal
//   npm run demo -- --sink       sends to grafana and logfire as well, played by a receiver on this machine
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { otlpSink } from '../../test/support/otlp-sink.ts'

const sink = process.argv.includes('--sink') ? await otlpSink() : undefined

const env: NodeJS.ProcessEnv = {
  TELEMETRY_BACKENDS: sink === undefined ? 'console' : 'console,grafana,logfire',
  TELEMETRY_CONSOLE_FORMAT: 'tree',
  TELEMETRY_BATCH_MAX_AGE: '100ms',
  OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.0.0',
  ...process.env,
  ...(sink && {
    GRAFANA_CLOUD_OTLP_ENDPOINT: `${sink.url}/grafana/otlp`,
    GRAFANA_CLOUD_INSTANCE_ID: '123456',
    GRAFANA_CLOUD_API_KEY: 'glc_of_the_demo',
    LOGFIRE_TOKEN: 'pylf_v1_eu_ofthedemo',
    LOGFIRE_BASE_URL: `${sink.url}/logfire`,
  }),
}

async function start(service: string, extra: NodeJS.ProcessEnv = {}): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(fileURLToPath(new URL(`${service}.ts`, import.meta.url)), {
    execArgv: ['--import', 'signalbox/register'],
    env: { ...env, OTEL_SERVICE_NAME: service, ...extra },
  })
  const [port] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [number]
  if (child.exitCode !== null) process.exit(1)
  return { child, url: `http://127.0.0.1:${port}` }
}

const api = await start('api')
const gateway = await start('gateway', { API_URL: api.url })

const requests = [
  ['acme', 'trains'],
  ['bolt', 'bolts'],
  ['acme', 'broken'],
  ['nobody', 'secrets'],
] as const
for (const [who, query] of requests) {
  console.log(`\n── ${who} searches for "${query}" ${'─'.repeat(Math.max(0, 60 - who.length - query.length))}`)
  const answer = await fetch(`${gateway.url}/notes?q=${query}`, {
    headers: { authorization: `Bearer token-of-${who}` },
  })
  await answer.text()
  // The console holds a finished tree for a second, so that log records that are on their way can join it.
  await sleep(1_500)
}

for (const { child } of [gateway, api]) {
  child.disconnect()
  await once(child, 'exit')
}

if (sink !== undefined) {
  console.log('\nbackend   requests  spans  log records  tenants')
  for (const backend of ['grafana', 'logfire']) {
    const received = sink.requests.filter(({ path }) => path.startsWith(`/${backend}/`))
    const spans = received.flatMap((request) => request.spans)
    const records = received.flatMap((request) => request.logRecords)
    const ids = [...spans, ...records].map(({ attributes }) => attributes['tenant.id'])
    const tenants = new Set(ids.filter((id) => typeof id === 'string'))
    const cells = [backend.padEnd(9), String(received.length).padStart(8), String(spans.length).padStart(6)]
    console.log(`${cells.join(' ')} ${String(records.length).padStart(12)}  ${[...tenants].join(', ')}`)
  }
  await sink.close()
}
