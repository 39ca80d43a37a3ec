import { builtinBackends } from '../../src/backends/registry.ts'
import { type ConfigInput, resolveConfig } from '../../src/config/resolve.ts'
import type { ResolvedBackend, ResolvedConfig } from '../../src/config/types.ts'
import { isTelemetryError, type Problem, type TelemetryError } from '../../src/errors.ts'

export type Env = Record<string, string | undefined>
type Rest = Partial<Omit<ConfigInput, 'env' | 'code'>>

/** Resolves with the real backend types, away from any terminal. */
export function resolve(env: Env = {}, code?: unknown, rest: Rest = {}): ResolvedConfig {
  const given = code === undefined ? {} : { code: code as NonNullable<ConfigInput['code']> }
  return resolveConfig({
    env,
    backendTypes: builtinBackends,
    isTerminal: false,
    cwd: import.meta.dirname,
    ...given,
    ...rest,
  })
}

/** The error of a configuration that must not be accepted. */
export function errorOf(env: Env, code?: unknown, rest: Rest = {}): TelemetryError {
  try {
    resolve(env, code, rest)
  } catch (error) {
    if (isTelemetryError(error)) return error
    throw error
  }
  throw new Error('accepted')
}

/** The problems of a configuration that must not be accepted. */
export function problemsOf(env: Env, code?: unknown, rest: Rest = {}): readonly Problem[] {
  return errorOf(env, code, rest).problems
}

/** The only problem, as one line. */
export function problemOf(env: Env, code?: unknown, rest: Rest = {}): string {
  const problems = problemsOf(env, code, rest)
  if (problems.length !== 1) throw new Error(`${problems.length} problems: ${JSON.stringify(problems, undefined, 1)}`)
  const [{ source, message, hint } = { source: '', message: '' }] = problems
  return [`${source}: ${message}.`, ...(hint === undefined ? [] : [hint])].join(' ')
}

export function backendOf(
  config: ResolvedConfig,
  name: string,
): ResolvedBackend & { readonly options: Record<string, unknown> } {
  const found = config.backends.find((backend) => backend.name === name)
  if (found === undefined) throw new Error(`no backend ${name}`)
  return found as ResolvedBackend & { readonly options: Record<string, unknown> }
}
