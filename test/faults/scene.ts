import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { onTestFinished } from 'vitest'
import type { BackendStatus, TelemetryStatus } from '../../src/index.ts'
import { cleanEnv } from '../support/run-app.ts'
import { type Contract, grafanaContract, logfireContract, otlpContract } from './contracts.ts'
import type { Order } from './orders.ts'
import { Receiver } from './receiver.ts'
import { addRow, type Counts } from './rows.ts'
import type { Signal } from './wire.ts'

const credentials = { id: '12345', key: 'glc_secret' }
const logfireToken = 'pylf_v1_eu_secret'
const grafanaToken = Buffer.from(`${credentials.id}:${credentials.key}`).toString('base64')

const contracts: Readonly<Record<FaultyType, () => Contract>> = {
  otlp: otlpContract,
  grafana: () => grafanaContract(grafanaToken),
  logfire: () => logfireContract(logfireToken, Date.now),
}

type FaultyType = 'otlp' | 'grafana' | 'logfire'
type Env = Readonly<Record<string, string>>
export type AppStatus = TelemetryStatus & { peakBytes: number; warnings: number; stored: readonly string[] }

export interface SceneOptions {
  /** What the backend in trouble is. Default: `otlp`. */
  readonly type?: FaultyType
  readonly contract?: Contract
  readonly env?: Env
}

/** A backend in trouble and one without, what was sent to them, and the applications that send it. */
export class Scene {
  readonly #type: FaultyType
  readonly #env: Env
  readonly faulty: Receiver
  readonly healthy: Receiver
  readonly dir: string
  readonly #sent: Record<Signal, number> = { traces: 0, logs: 0 }
  readonly #dropped = new Map<string, number>()
  #peakBytes = 0
  #checkpoints = 0

  private constructor(type: FaultyType, faulty: Receiver, healthy: Receiver, dir: string, env: Env) {
    this.#type = type
    this.faulty = faulty
    this.healthy = healthy
    this.dir = dir
    this.#env = env
  }

  static async open({ type = 'otlp', contract, env = {} }: SceneOptions = {}): Promise<Scene> {
    const faulty = await new Receiver(contract ?? contracts[type]()).open()
    const healthy = await new Receiver(otlpContract()).open()
    const dir = mkdtempSync(join(tmpdir(), 'signalbox-faults-'))
    onTestFinished(async () => {
      await Promise.all([faulty.close(), healthy.close()])
      rmSync(dir, { recursive: true, force: true })
    })
    return new Scene(type, faulty, healthy, dir, env)
  }

  /** The name of the backend in trouble. */
  get name(): string {
    return this.#type === 'otlp' ? 'faulty' : this.#type
  }

  async app(more: Env = {}): Promise<App> {
    const env = { ...this.#envOf(), ...this.#env, ...more }
    const child = fork(fileURLToPath(new URL('app.ts', import.meta.url)), { env: cleanEnv(env), silent: true })
    child.stdout?.resume()
    const stderr: string[] = []
    child.stderr?.setEncoding('utf8').on('data', (text: string) => stderr.push(text))
    const ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }))
    onTestFinished(() => void child.kill('SIGKILL'))
    const answers = new Map<number, (answer: unknown) => void>()
    let lastId = 0
    const isUp = new Promise<void>((resolve, reject) => {
      answers.set(0, () => resolve())
      void ended.then(() => reject(new Error(`the application ended: ${stderr.join('')}`)))
    })
    child.on('message', ({ id, answer }: { id: number; answer?: unknown }) => {
      answers.get(id)?.(answer)
      answers.delete(id)
    })
    await isUp
    const tell = (order: Order): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const id = (lastId += 1)
        answers.set(id, resolve)
        child.send({ id, order }, (error) => error && reject(error))
        void ended.then(() => resolve(undefined))
      })
    const app: App = {
      stderr,
      ended,
      make: async (from, count, more = {}) => {
        const signals = more.signals ?? 'both'
        if (signals !== 'logs') this.#sent.traces = Math.max(this.#sent.traces, from + count)
        if (signals !== 'traces') this.#sent.logs = Math.max(this.#sent.logs, from + count)
        await tell({ do: 'make', from, count, ...more })
      },
      status: async () => this.#checked((await tell({ do: 'status' })) as AppStatus),
      flush: async (ms) => (await tell({ do: 'flush', ms })) as boolean,
      tell,
      kill: (signal) => void child.kill(signal),
      settled: async (timeoutMs = 60_000) => {
        let last: AppStatus | undefined
        await until(async () => {
          last = await app.status()
          return Object.values(last.backends).every(({ traces, logs }) =>
            [traces, logs].every((each) => each === undefined || each.queued + (each.spooled ?? 0) === 0),
          )
        }, timeoutMs).catch((error: unknown) => {
          throw new Error(`something waits still: ${JSON.stringify(last, undefined, 1)}\n${stderr.join('')}`, {
            cause: error,
          })
        })
      },
      end: async () => {
        await app.status()
        await tell({ do: 'end' })
        const how = await ended
        if (how.code !== 0) throw new Error(`the application ended with ${how.code ?? how.signal}: ${stderr.join('')}`)
      },
    }
    return app
  }

  /** Adds what a last status said to what is known to be dropped; done for every process, once. */
  async book(app: App): Promise<void> {
    const { backends } = await app.status()
    const { traces, logs } = backends[this.name] as BackendStatus
    for (const dropped of [traces?.dropped, logs?.dropped]) {
      for (const [reason, count] of Object.entries(dropped ?? {})) {
        this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count)
      }
    }
  }

  /**
   * Compares what was sent with what arrived, and adds a row to the table. What is not as expected is returned: something is
   * missing that is not named, or the other backend has not everything once.
   */
  conclude(
    fault: string,
    expected: {
      lost?: number
      duplicates?: 'some' | 'possible'
      dropped?: Readonly<Record<string, number>>
      otherLost?: number
      otherTwice?: number
      note?: string
    } = {},
  ): string[] {
    const faulty = countsOf(this.faulty, this.#sent)
    const healthy = countsOf(this.healthy, this.#sent)
    const dropped = Object.fromEntries(this.#dropped)
    const { note } = expected
    addRow({
      fault,
      ...faulty,
      dropped,
      other: healthy,
      checkpoints: this.#checkpoints,
      peakBytes: this.#peakBytes,
      ...(note !== undefined && { note }),
    })
    const { lost = 0, duplicates, dropped: reasons = {}, otherLost = 0, otherTwice = 0 } = expected
    const findings = [
      faulty.lost !== lost && `${faulty.lost} lost`,
      !isDeepStrictEqual(dropped, reasons) && `dropped as ${JSON.stringify(dropped)}`,
      duplicates === undefined && faulty.duplicated > 0 && `${faulty.duplicated} twice`,
      duplicates === 'some' && faulty.duplicated === 0 && 'nothing twice',
      healthy.lost !== otherLost && `${healthy.lost} lost by the other backend`,
      healthy.duplicated > otherTwice && `${healthy.duplicated} twice at the other backend`,
      this.#checkpoints === 0 && 'the books were never looked at',
    ]
    return findings.filter((finding) => finding !== false)
  }

  #checked(status: AppStatus): AppStatus {
    this.#checkpoints += 1
    this.#peakBytes = Math.max(this.#peakBytes, status.peakBytes)
    for (const [name, { traces, logs }] of Object.entries(status.backends)) {
      for (const [signal, books] of Object.entries({ traces, logs })) {
        if (books === undefined) continue
        const { accepted, delivered, queued, spooled = 0, dropped } = books
        const sum = delivered + queued + spooled + Object.values(dropped).reduce((all, each) => all + each, 0)
        if (accepted !== sum)
          throw new Error(`the books of ${name} (${signal}) do not balance: ${JSON.stringify(books)}`)
      }
    }
    if (status.warnings > 0) throw new Error('Node warned of something')
    return status
  }

  #envOf(): Env {
    const own: Readonly<Record<FaultyType, Env>> = {
      otlp: { TELEMETRY_FAULTY_ENDPOINT: this.faulty.url },
      grafana: {
        GRAFANA_CLOUD_OTLP_ENDPOINT: `${this.faulty.url}/otlp`,
        GRAFANA_CLOUD_INSTANCE_ID: credentials.id,
        GRAFANA_CLOUD_API_KEY: credentials.key,
      },
      logfire: { LOGFIRE_TOKEN: logfireToken, LOGFIRE_BASE_URL: this.faulty.url },
    }
    return {
      OTEL_SERVICE_NAME: 'faults',
      TELEMETRY_BACKENDS: `${this.#type === 'otlp' ? 'otlp:faulty' : this.#type},otlp:healthy`,
      ...own[this.#type],
      [`TELEMETRY_${this.name.toUpperCase()}_TIMEOUT`]: '400ms',
      TELEMETRY_HEALTHY_ENDPOINT: this.healthy.url,
      TELEMETRY_LOG_STDOUT: 'false',
      // They come by the clock, and nothing is kept of them.
      TELEMETRY_METRICS: 'false',
      TELEMETRY_BATCH_MAX_ITEMS: '50',
      TELEMETRY_BATCH_MAX_AGE: '50ms',
      TELEMETRY_SHUTDOWN_TIMEOUT: '1s',
      TELEMETRY_SPOOL: 'on-failure',
      TELEMETRY_SPOOL_DIR: join(this.dir, 'spool'),
    }
  }
}

export interface App {
  readonly stderr: readonly string[]
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Makes the spans `s<from>` … and the records `l<from>` …. */
  make(from: number, count: number, more?: { perSecond?: number; signals?: 'both' | 'traces' | 'logs' }): Promise<void>
  /** What `status()` says; the ledger equation is expected to hold for each backend and signal. */
  status(): Promise<AppStatus>
  flush(ms: number): Promise<boolean>
  tell(order: Order): Promise<unknown>
  kill(signal: NodeJS.Signals): void
  /** Resolves when nothing waits any more, by itself. */
  settled(timeoutMs?: number): Promise<void>
  /** Lets the application end by itself, and expects that it does so in peace. */
  end(): Promise<void>
}

/** Records of the library itself, on the losses of the other backend, are not among the numbered ones. */
const isNumbered = (name: string): boolean => /^[sl]\d+$/.test(name)

function countsOf(receiver: Receiver, sent: Readonly<Record<Signal, number>>): Counts {
  const all = [...receiver.stored('traces'), ...receiver.stored('logs')].filter(([name]) => isNumbered(name))
  const received = all.length
  const duplicated = all.reduce((sum, [, times]) => sum + times - 1, 0)
  const total = sent.traces + sent.logs
  return { sent: total, received, duplicated, lost: total - received }
}

export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`it did not come to hold within ${timeoutMs} ms: ${String(holds)}`)
    await sleep(25)
  }
}
