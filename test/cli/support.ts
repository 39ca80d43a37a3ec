import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { DoctorReport, Finding } from '../../src/cli/doctor/report.ts'
import { cleanEnv } from '../support/run-app.ts'

const bin = fileURLToPath(new URL('../../src/cli/signalbox.ts', import.meta.url))
const proxy = /^(?:https?|all)_proxy$|^NODE_USE_ENV_PROXY$/i

export interface CliRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** An empty folder that is gone after the test. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'signalbox-cli-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** Runs the command line as a process of its own, in an empty folder. */
export async function signalbox(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd: string = folder(),
): Promise<CliRun> {
  const inherited = Object.entries(cleanEnv({})).filter(([name]) => !proxy.test(name))
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 15_000,
  })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await closed) as [number | null]
  return { code, stdout, stderr }
}

export interface Examined extends CliRun {
  readonly report: DoctorReport
  /** All findings, of the whole and of the backends. */
  readonly findings: readonly Finding[]
}

/** Runs `doctor --json`, with more flags, and reads what it prints. */
export async function doctor(
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
  cwd?: string,
): Promise<Examined> {
  const run = await signalbox(['doctor', '--json', ...flags], env, cwd)
  const report = JSON.parse(run.stdout) as DoctorReport
  return { ...run, report, findings: [...report.findings, ...report.backends.flatMap(({ findings }) => findings)] }
}
