import { isRecord, type Label } from './object-layer.ts'
import { readConfigFile } from './read-file.ts'
import type { Report } from './report.ts'
import type { Env } from './schema.ts'
import { shown } from './shown.ts'

/** A source that holds an object, and how places in it are named. */
export interface Source {
  readonly content: unknown
  readonly label: Label
}

/** Names the configuration file. */
export const fileVariable = 'TELEMETRY_CONFIG'

/** The variables that are set to something. */
export function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Env {
  const set = Object.entries(env).filter(
    (each): each is [string, string] => each[1] !== undefined && each[1].trim() !== '',
  )
  return Object.fromEntries(set)
}

/** The file that a variable names, if it does and if it can be read. */
export function sourceOfFile(env: Env, cwd: string, report: Report): Source | undefined {
  const path = env[fileVariable]
  const file = path === undefined ? undefined : readConfigFile(path.trim(), cwd, report)
  return file === undefined ? undefined : { content: file.content, label: (at) => `${file.name}: ${at}` }
}

/** What was written in code. */
export function sourceOfCode(code: unknown, report: Report): Source | undefined {
  if (code === undefined) return undefined
  if (!isRecord(code))
    report.problem('startTelemetry()', `${shown(code)} is not an object`, 'Pass an object, or nothing.')
  return { content: code, label: (at) => `startTelemetry({ ${at} })` }
}
