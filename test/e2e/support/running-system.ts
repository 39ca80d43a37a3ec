import { startSystem, type System } from '../../../examples/notes-cloud/system.ts'
import { accounts, connectUser, type User } from '../../../examples/notes-cloud/traffic.ts'
import { otlpSink, type OtlpSink } from '../../support/otlp-sink.ts'
import { startRedis } from '../../support/redis.ts'
import { type Received, receivedBy } from './received.ts'

export interface RunningSystem {
  readonly system: System
  readonly sink: OtlpSink
  readonly redisUrl: string
  readonly acme: User
  readonly bolt: User
  readonly core: User
  readonly received: Received
  /** Resolves when the predicate holds of what has arrived. */
  until(predicate: () => boolean): Promise<void>
  stop(): Promise<void>
}

export interface RunOptions {
  readonly queue: 'pg-boss' | 'bullmq'
  /** `TELEMETRY_BACKENDS`; what is received is looked at through the first of them. */
  readonly backends: string
}

/** The whole system as processes, its telemetry going to backends that a receiver on this machine plays. */
export async function runSystem({ queue, backends }: RunOptions): Promise<RunningSystem> {
  const [first = ''] = backends.split(',')
  const sink = await otlpSink()
  const redis = await startRedis()
  const stopAround = async (): Promise<void> => {
    await redis.stop()
    await sink.close()
  }
  try {
    const system = await startSystem({
      queue,
      redisUrl: redis.url,
      output: 'ignore',
      env: {
        TELEMETRY_BACKENDS: backends,
        TELEMETRY_ENVIRONMENT: 'test',
        TELEMETRY_LOG_STDOUT: 'false',
        TELEMETRY_SPOOL: 'off',
        TELEMETRY_CONSOLE_FORMAT: 'json',
        TELEMETRY_BATCH_MAX_AGE: '100ms',
        GRAFANA_CLOUD_OTLP_ENDPOINT: `${sink.url}/grafana/otlp`,
        GRAFANA_CLOUD_INSTANCE_ID: '123456',
        GRAFANA_CLOUD_API_KEY: 'glc_of_the_tests',
        LOGFIRE_TOKEN: 'pylf_v1_eu_ofthetests',
        LOGFIRE_BASE_URL: `${sink.url}/logfire`,
      },
    })
    const [acme, bolt, core] = (await Promise.all(
      accounts.map((account) => connectUser(system.gatewayUrl, system.issuer, account)),
    )) as [User, User, User]
    return {
      system,
      sink,
      redisUrl: redis.url,
      acme,
      bolt,
      core,
      received: receivedBy(sink, first),
      until: (predicate) => sink.waitFor(predicate, 30_000),
      stop: async () => {
        await Promise.all([acme, bolt, core].map((user) => user.close()))
        await system.stop()
        await stopAround()
      },
    }
  } catch (error) {
    await stopAround()
    throw error
  }
}
