import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const registerUrl = new URL('../../src/register.ts', import.meta.url).href
const appsUrl = new URL('../flow/apps/', import.meta.url)

export interface RunningApp {
  readonly pid: number
  readonly stdout: string[]
  readonly stderr: string[]
  /** The first line of stdout that matches; rejects when the process ends without one. */
  line(pattern: RegExp): Promise<RegExpMatchArray>
  /** How the process ended, once stdout and stderr are read to their end. */
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: NodeJS.Signals | null
    readonly tookMs: number
  }>
  kill(signal: NodeJS.Signals): void
}

/** Environment of a child without the telemetry variables of this process. */
export function cleanEnv(extra: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) =>
      value !== undefined && !/^(TELEMETRY_|OTEL_|GRAFANA_|LOGFIRE_|FLY_|VITEST|NODE_ENV|NODE_OPTIONS)/.test(name),
  )
  // What one test leaves on disk is nothing to the next.
  return { ...(Object.fromEntries(kept) as Record<string, string>), TELEMETRY_SPOOL: 'off', ...extra }
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly register?: boolean
  readonly args?: readonly string[]
  readonly cwd?: string
}

/** Starts an app of test/flow/apps for one test: what is left of it when the test has ended is killed. */
export function runApp(file: string, options: RunOptions = {}): RunningApp {
  const app = launchApp(file, options)
  onTestFinished(() => app.kill('SIGKILL'))
  return app
}

/** Starts an app of test/flow/apps as its own process, with `--import signalbox/register` unless told otherwise. */
export function launchApp(file: string, options: RunOptions = {}): RunningApp {
  const register = options.register === false ? [] : ['--import', registerUrl]
  const app = fileURLToPath(new URL(file, appsUrl))
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...register, app, ...(options.args ?? [])], {
    env: cleanEnv(options.env ?? {}),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout: string[] = []
  const stderr: string[] = []
  const waiting = new Set<() => void>()
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    stdout.push(line)
    for (const look of waiting) look()
  })
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line))
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    tookMs: performance.now() - startedAt,
  }))
  const line = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = stdout.map((text) => pattern.exec(text)).find((found) => found !== null)
        if (match === undefined || match === null) return
        waiting.delete(look)
        resolve(match)
      }
      waiting.add(look)
      look()
      void ended.then(() => reject(new Error(`ended without ${pattern}: ${[...stdout, ...stderr].join('\n')}`)))
    })
  return { pid: child.pid ?? 0, stdout, stderr, line, ended, kill: (signal) => child.kill(signal) }
}
