// Starts the whole system, sends it a minute of traffic of three tenants, and shows what its telemetry tells.
//   npm run demo                                         nothing else is needed
//   npm run demo -- --requests=40 --seconds=15 --seed=7  less of it, and other traffic
//   npm run demo -- --queue=bullmq                       BullMQ on the Redis of REDIS_URL instead of pg-boss
//   npm run demo -- --keep                               leaves the system running until Ctrl-C
//   TELEMETRY_BACKENDS=grafana,logfire npm run demo      sends to those as well, with their credentials in the environment
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type OtlpSink, otlpSink } from '../../test/support/otlp-sink.ts'
import { readFlags } from './flags.ts'
import { randomFrom } from './random.ts'
import { drawTraces } from './report/draw-trace.ts'
import { drawServiceMap, serviceMap } from './report/service-map.ts'
import { drawTenantTable, tenantTable } from './report/tenant-table.ts'
import { startSystem, type System } from './system.ts'
import { accounts, type Call, type Called, calls, connectUser, type User, usualCall } from './traffic.ts'

const { requests, seconds, seed, queue, keep } = readFlags(process.argv.slice(2), process.env)
const random = randomFrom(seed)
const startedAt = performance.now()
const sinceStart = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`

const sink = await otlpSink()
const system = await startSystem({
  env: telemetryEnv(sink),
  queue,
  databaseUrl: process.env['DATABASE_URL'],
  redisUrl: process.env['REDIS_URL'],
}).catch(async (error: unknown) => {
  // What is wrong has been said by the service itself, above.
  console.error(`\nThe system did not start: ${error instanceof Error ? error.message : String(error)}.`)
  await sink.close()
  return process.exit(1)
})
process.once('SIGINT', () => void system.stop().then(() => process.exit(130)))
say(`four services, a database, an issuer of tokens and a Fly API are up after ${sinceStart()}`)
try {
  await demonstrate()
} catch (error) {
  await system.stop()
  await sink.close()
  throw error
}
if (keep) {
  say(`the gateway is at ${system.gatewayUrl}/mcp until Ctrl-C`)
} else {
  await sink.close()
}

async function demonstrate(): Promise<void> {
  const users = await Promise.all(accounts.map((account) => connectUser(system.gatewayUrl, system.issuer, account)))
  const [acme, bolt, core] = users as [User, User, User]

  await acme.call(calls['provision'] as Call)
  await show('Acme writes a note: one trace through four services', acme, calls['writeNote'] as Call, 'worker')
  say(`first trace drawn after ${sinceStart()}`)
  await show('Bolt wants an instance where Fly has no room', bolt, calls['provisionWhereFull'] as Call, 'cloud')
  await core.call(calls['writeUnreadableNote'] as Call)

  say(`${requests} calls of three tenants in ${seconds} seconds`)
  const inFlight: Promise<Called>[] = []
  for (let index = 0; index < requests; index += 1) {
    const user = users[Math.floor(random() * users.length)] as User
    inFlight.push(user.call(usualCall(random)))
    await sleep((seconds * 1_000) / requests)
  }
  const failed = (await Promise.all(inFlight)).filter((called) => called.failed).length
  await untilSteady(() => sink.requests.length, 1_500)
  const memory = residentMiB(system)
  await Promise.all(users.map((user) => user.close()))
  if (!keep) await system.stop()

  heading('Service map')
  console.log(drawServiceMap(serviceMap(sink.spans())).join('\n'))
  heading('Tenants')
  console.log(drawTenantTable(tenantTable(sink.spans(), sink.logRecords(), 'mcp-gateway')).join('\n'))
  heading('Numbers')
  const made = `${sink.spans().length} spans and ${sink.logRecords().length} log records of ${requests + 4} calls`
  console.log(`  ${made}; ${failed} of the ${requests} failed`)
  console.log(`  ${sinceStart()} in all${memory === undefined ? '' : `; resident memory, MiB: ${memory}`}`)
}

/** What each service is told: the backends of the environment, and a receiver on this machine to look at here. */
function telemetryEnv({ url }: OtlpSink): Record<string, string> {
  const given = Object.entries(process.env).filter(([name]) => /^(?:TELEMETRY_|OTEL_|GRAFANA_|LOGFIRE_)/.test(name))
  const backends = [process.env['TELEMETRY_BACKENDS'] ?? '', 'otlp:demo'].filter((each) => each !== '')
  return {
    TELEMETRY_LOG_STDOUT: 'false',
    TELEMETRY_BATCH_MAX_AGE: '200ms',
    // The receiver of this run is not that of the next.
    TELEMETRY_SPOOL: 'off',
    ...(Object.fromEntries(given) as Record<string, string>),
    TELEMETRY_BACKENDS: backends.join(),
    TELEMETRY_DEMO_ENDPOINT: url,
  }
}

/** Makes a call and draws its trace once a service has sent its part. */
async function show(title: string, user: User, call: Call, last: string): Promise<void> {
  heading(title)
  const { requestIds } = await user.call(call)
  const own = (): ReturnType<OtlpSink['spans']> => {
    const ids = new Set(
      sink
        .spans()
        .filter(({ attributes }) => requestIds.includes(String(attributes['request.id'])))
        .map(({ traceId }) => traceId),
    )
    return sink.spans().filter(({ traceId }) => ids.has(traceId))
  }
  await sink.waitFor(() =>
    own().some(({ resource, parentSpanId }) => resource['service.name'] === last && parentSpanId !== ''),
  )
  await untilSteady(() => own().length, 600)
  const spans = own()
  await drawTraces(
    spans,
    sink.logRecords().filter(({ traceId }) => spans.some((span) => span.traceId === traceId)),
  )
}

/** Resolves when a number has stayed the same for `quietMs`, or after 15 seconds. */
async function untilSteady(count: () => number, quietMs: number): Promise<void> {
  const deadline = performance.now() + 15_000
  for (let before = -1; performance.now() < deadline && count() !== before;) {
    before = count()
    await sleep(quietMs)
  }
}

/** What the processes hold in memory, where the system tells (Linux). */
function residentMiB({ services }: System): string | undefined {
  try {
    const sizes = Object.entries(services).map(([name, { pid }]) => {
      const [, kiB] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return `${name} ${Math.round(Number(kiB) / 1_024)}`
    })
    return sizes.join(', ')
  } catch {
    return undefined
  }
}

function heading(text: string): void {
  console.log(`\n── ${text} ${'─'.repeat(Math.max(0, 90 - text.length))}`)
}

function say(text: string): void {
  console.log(`· ${text}`)
}
