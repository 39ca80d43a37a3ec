import { type BackendTypes, variablePrefix } from './instance-options.ts'
import type { Report } from './report.ts'
import { shown } from './shown.ts'

/** What names are checked against. */
export interface NameRules {
  readonly types: BackendTypes
  /** Names of all general variables: no instance may read one of them as its own. */
  readonly variables: readonly string[]
}

const nameForm = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const longestName = 40

/** Tells whether a backend can have a name; what speaks against it is reported. */
export function isGoodName(name: string, source: string, rules: NameRules, report: Report): boolean {
  const prefix = variablePrefix(name)
  const taken = rules.variables.find((variable) => variable.startsWith(prefix))
  if (!nameForm.test(name) || name.length > longestName) {
    report.problem(
      source,
      `${shown(name)} is no name for a backend`,
      'Take small letters and digits, with - between them.',
    )
  } else if (name === 'none' || taken !== undefined) {
    const why = taken === undefined ? '"none" switches export off' : `its variables would be called like ${taken}`
    report.problem(source, `no backend can be named ${shown(name)}: ${why}`, 'Take another name.')
  } else {
    return true
  }
  return false
}
