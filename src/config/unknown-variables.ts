import { closest } from './did-you-mean.ts'
import { type BackendTypes, optionsFor, variablePrefix, variableSuffix } from './instance-options.ts'
import type { Report } from './report.ts'
import type { Env } from './schema.ts'

const ours = 'TELEMETRY_'

/** Prefixes of variables that others read too: one that is nearly known is worth a word, any other is their business. */
const shared = /^(?:OTEL|GRAFANA_CLOUD|LOGFIRE)_/

/** What is known about names of variables. */
export interface KnownVariables {
  /** General variables. */
  readonly general: readonly string[]
  /** Variables of the backends that are switched on. */
  readonly active: readonly string[]
  /** Names of the backends that are switched on. */
  readonly names: readonly string[]
  readonly types: BackendTypes
}

/**
 * Reports `TELEMETRY_*` variables that nobody reads.
 *
 * One that is a mistyped known one is a problem. The options of a backend that is switched off are none: they wait to be
 * switched on. Any other is a warning: one that its backend does not have, a mistyped standard variable, and one that may
 * belong to somebody else.
 */
export function reportUnknownVariables(
  env: Env,
  { general, active, names, types }: KnownVariables,
  report: Report,
): void {
  const ofTypes = Object.values(types).flatMap(({ type, options }) => [
    ...Object.keys(optionsFor(options)).map((key) => `${variablePrefix(type)}${variableSuffix(key)}`),
    ...Object.values(options).flatMap((option) => option.env ?? []),
  ])
  const known = new Set([...general, ...active, ...ofTypes])
  const suffixes = new Set(
    Object.values(types).flatMap(({ options }) => Object.keys(optionsFor(options)).map(variableSuffix)),
  )
  const candidates = [...new Set([...general, ...active])].filter((name) => name.startsWith(ours))
  for (const variable of Object.keys(env).filter((name) => shared.test(name) && !known.has(name))) {
    const meant = closest(variable, known)
    const isMistyped = meant !== undefined && shared.test(meant) && !Object.hasOwn(env, meant)
    if (isMistyped) report.warn(variable, 'nobody reads this variable', `Did you mean ${meant}?`)
  }
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith(ours) || known.has(variable)) continue
    const owner = ownerOf(variable, suffixes, general)
    const backend = names.find((name) => variablePrefix(name) === `${ours}${owner}_`)
    if (backend !== undefined) {
      report.warn(variable, 'nobody reads this variable', `The backend "${backend}" has no such option.`)
      continue
    }
    const meant = owner === undefined ? closestVariable(variable, candidates) : activeVariable(variable, owner, names)
    const isMistyped = meant !== undefined && !Object.hasOwn(env, meant)
    if (isMistyped) report.problem(variable, 'nobody reads this variable', `Did you mean ${meant}?`)
    else if (owner === undefined) report.warn(variable, 'nobody reads this variable')
  }
}

/** The part of a name that may be that of a backend, where the rest is an option: `EU` of `TELEMETRY_EU_API_KEY`. */
function ownerOf(variable: string, suffixes: ReadonlySet<string>, general: readonly string[]): string | undefined {
  for (const suffix of suffixes) {
    if (!variable.endsWith(`_${suffix}`)) continue
    const owner = variable.slice(ours.length, -suffix.length - 1)
    if (/^[A-Z][A-Z0-9_]*$/.test(owner) && !general.some((name) => name.startsWith(`${ours}${owner}_`))) return owner
  }
  return undefined
}

function closestVariable(variable: string, candidates: readonly string[]): string | undefined {
  const found = closest(
    variable.slice(ours.length),
    candidates.map((name) => name.slice(ours.length)),
  )
  return found === undefined ? undefined : `${ours}${found}`
}

/** The same option of a backend that is switched on and nearly called so; other digits are another backend. */
function activeVariable(variable: string, owner: string, names: readonly string[]): string | undefined {
  const withoutDigits = (name: string): string => name.replace(/\d+/g, '')
  const owners = names.map((name) => variablePrefix(name).slice(ours.length, -1))
  const near = closest(
    owner,
    owners.filter((name) => name.length > 4 && withoutDigits(name) !== withoutDigits(owner)),
  )
  return near === undefined ? undefined : `${ours}${near}${variable.slice(ours.length + owner.length)}`
}
