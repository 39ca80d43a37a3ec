// Starts the four services, each as its own process, and what they need: a database, an issuer of tokens, Fly.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type JwksIssuer, startJwksIssuer } from '../../test/support/jwks-issuer.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { createTables } from './database.ts'
import { type FlyApi, startFlyApi } from './stand-ins/fly-api.ts'

export type ServiceName = 'mcp-gateway' | 'cloud' | 'api' | 'worker'

export interface SystemOptions {
  /** Variables of every service, the telemetry's among them. */
  readonly env: Readonly<Record<string, string>>
  /** Default: `pg-boss`. */
  readonly queue?: 'pg-boss' | 'bullmq'
  /** Default: a database server of its own, from npm. */
  readonly databaseUrl?: string | undefined
  /** What becomes of what the services print. Default: `inherit`. */
  readonly output?: 'inherit' | 'ignore'
  /** Needed for `bullmq`. */
  readonly redisUrl?: string | undefined
}

export interface System {
  readonly gatewayUrl: string
  /** Inside: nobody but the services calls it. */
  readonly apiUrl: string
  readonly issuer: JwksIssuer
  readonly fly: FlyApi
  readonly databaseUrl: string
  readonly services: Readonly<Record<ServiceName, ChildProcess>>
  stop(): Promise<void>
}

const files: Readonly<Record<ServiceName, string>> = {
  'mcp-gateway': 'gateway.ts',
  cloud: 'cloud.ts',
  api: 'api.ts',
  worker: 'worker.ts',
}

/** Baggage of a tenant goes to the services on this machine, and is believed only where it is signed. */
const tenantKey = randomBytes(32).toString('base64')

export async function startSystem(options: SystemOptions): Promise<System> {
  const cleanUps: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  }
  try {
    const issuer = await startJwksIssuer()
    cleanUps.push(() => issuer.close())
    const fly = await startFlyApi()
    cleanUps.push(() => fly.close())
    const given = options.databaseUrl
    const database = given === undefined ? await startPostgres() : { url: given, stop: async () => {} }
    cleanUps.push(() => database.stop())
    const databaseUrl = database.url
    await createTables(databaseUrl)
    const env = {
      NODE_ENV: 'development',
      ...options.env,
      TELEMETRY_TENANT_KEY: tenantKey,
      TELEMETRY_IGNORE_PATHS: '/health',
      TELEMETRY_PEER_SERVICES: peersOf({ 'notes-db': databaseUrl, 'notes-redis': options.redisUrl }),
      DATABASE_URL: databaseUrl,
      QUEUE: options.queue ?? 'pg-boss',
      ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
      AUTHKIT_JWKS_URL: issuer.jwksUrl,
      AUTHKIT_ISSUER: issuer.issuer,
      FLY_FLAPS_BASE_URL: fly.url,
      FLY_API_TOKEN: fly.token,
    }
    const started = new Map<ServiceName, ChildProcess>()
    const start = async (name: ServiceName, extra: Record<string, string> = {}): Promise<string> => {
      const child = run(name, { ...env, ...extra }, options.output ?? 'inherit')
      started.set(name, child)
      cleanUps.push(() => end(child))
      return await urlOf(name, child)
    }
    const [cloudUrl, apiUrl] = await Promise.all([start('cloud'), start('api'), start('worker')])
    const gatewayUrl = await start('mcp-gateway', { CLOUD_URL: cloudUrl, API_URL: apiUrl, TELEMETRY_EDGE: 'true' })
    const services = Object.fromEntries(started) as Record<ServiceName, ChildProcess>
    return { gatewayUrl, apiUrl, issuer, fly, databaseUrl, services, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Names for the service map: on one machine everything has the same address. */
function peersOf(urls: Readonly<Record<string, string | undefined>>): string {
  const known = Object.entries(urls).filter((each): each is [string, string] => each[1] !== undefined)
  return known.map(([name, url]) => `${new URL(url).host}=${name}`).join()
}

function run(name: ServiceName, env: Readonly<Record<string, string>>, output: 'inherit' | 'ignore'): ChildProcess {
  const inherited = Object.entries(process.env).filter(([key]) => /^(?:PATH|HOME|TMPDIR|LANG|NO_COLOR)$/.test(key))
  return fork(fileURLToPath(new URL(files[name], import.meta.url)), {
    execArgv: ['--import', 'signalbox/register'],
    env: { ...Object.fromEntries(inherited), ...env, OTEL_SERVICE_NAME: name },
    stdio: ['ignore', output, output, 'ipc'],
  })
}

async function urlOf(name: ServiceName, child: ChildProcess): Promise<string> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${String(code)} before it was ready`)
  })
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [{ readonly url: string }]
  ended.catch(() => {})
  return message.url
}

/** Longest a service may take to end in good order. */
const endTimeoutMs = 10_000

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
  await exited
  clearTimeout(timer)
}
