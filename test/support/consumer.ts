import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface ConsumerRun {
  readonly stdout: string
  readonly stderr: string
}

/** Writes `code` as `file` into a project and runs it in a Node of its own; rejects when it does not end with 0. */
export async function runIn(
  project: string,
  file: string,
  code: string,
  options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ConsumerRun> {
  writeFileSync(join(project, file), code)
  const env = { PATH: process.env['PATH'], ...options.env }
  return run(process.execPath, [...(options.args ?? []), file], { cwd: project, env, timeout: 30_000 })
}

/** Like {@link runIn}, for a program that prints one JSON document. */
export async function evaluateIn<Answer>(project: string, file: string, code: string): Promise<Answer> {
  const { stdout } = await runIn(project, file, code)
  return JSON.parse(stdout) as Answer
}
