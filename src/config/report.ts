import { type Problem, TelemetryError } from '../errors.ts'
import { harmless } from './shown.ts'

/** Where everything that is wrong is gathered, each once, in the order found. */
export interface Report {
  problem(source: string, message: string, hint?: string): void
  /** Something odd that stops nothing. */
  warn(source: string, message: string, hint?: string): void
  readonly warnings: readonly string[]
  /** @throws TelemetryError `ERR_CONFIG_INVALID` with all problems, where there is one. */
  throwIfAny(): void
}

function line({ source, message, hint }: Problem): string {
  return `${source}: ${message}.${hint === undefined ? '' : ` ${hint}`}`
}

/** Makes an empty {@link Report}. */
export function createReport(): Report {
  const problems = new Map<string, Problem>()
  const warnings = new Set<string>()
  const problemOf = (source: string, message: string, hint: string | undefined): Problem =>
    Object.freeze({
      source: harmless(source),
      message: harmless(message),
      ...(hint !== undefined && { hint: harmless(hint) }),
    })
  return {
    problem: (source, message, hint) => {
      const found = problemOf(source, message, hint)
      problems.set(line(found), found)
    },
    warn: (source, message, hint) => void warnings.add(line(problemOf(source, message, hint))),
    get warnings() {
      return [...warnings]
    },
    throwIfAny: () => {
      if (problems.size === 0) return
      const count = problems.size === 1 ? 'a problem' : `${problems.size} problems`
      const lines = [...problems.keys()].map((each) => `  - ${each}`)
      throw new TelemetryError('ERR_CONFIG_INVALID', `the telemetry configuration has ${count}:\n${lines.join('\n')}`, {
        problems: [...problems.values()],
        hint: 'Put every one of them right; docs/env.md lists all variables.',
      })
    },
  }
}
