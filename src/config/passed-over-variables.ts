import { optionsFor, variablePrefix, variableSuffix } from './instance-options.ts'
import type { Instance } from './instances.ts'
import type { Report } from './report.ts'
import type { Env } from './schema.ts'

/**
 * Warns of the variables of a type that nobody reads, where a backend of that type has another name, and nothing of its own.
 *
 * One that is told something of its own has an owner who knows what its variables are called.
 */
export function reportPassedOverVariables(
  { name, type, table }: Instance,
  isGiven: (option: string) => boolean,
  read: ReadonlySet<string>,
  env: Env,
  report: Report,
): void {
  const ofType = Object.entries(optionsFor(table)).filter(([, option]) => option.env !== undefined)
  if (ofType.some(([key]) => isGiven(key))) return
  for (const [key, option] of ofType) {
    const variable = option.env?.find((each) => Object.hasOwn(env, each) && !read.has(each))
    if (variable === undefined) continue
    const hint = `Set ${variablePrefix(name)}${variableSuffix(key)}, or write "${type}" in place of "${type}:${name}".`
    report.warn(variable, `the backend "${name}" does not read this variable`, hint)
  }
}
