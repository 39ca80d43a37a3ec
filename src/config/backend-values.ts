import { closest } from './did-you-mean.ts'
import { entriesFor, type BackendTypes, optionsFor } from './instance-options.ts'
import type { Instance } from './instances.ts'
import { reportPassedOverVariables } from './passed-over-variables.ts'
import type { Report } from './report.ts'
import { createValues, type Entry, type Env, type Values } from './schema.ts'
import { shown } from './shown.ts'
import type { ResolvedBackend } from './types.ts'

/** The backends with their options read, and the variables that were looked at. */
export interface BackendValues {
  readonly backends: readonly ResolvedBackend[]
  readonly variables: readonly string[]
}

/** Reads the options of every backend from its variables and from beside its name, and checks each and all together. */
export function readBackends(
  instances: readonly Instance[],
  types: BackendTypes,
  env: Env,
  report: Report,
): BackendValues {
  const entries = instances.map((instance, index) => entriesFor(instance, `backends.${index}`))
  const values = createValues(entries.flat(), env, report)
  values.overlay(
    new Map(
      instances.flatMap(({ inline }, index) =>
        [...inline].map(([key, given]) => [`backends.${index}.${key}`, given] as const),
      ),
    ),
  )
  reportSharedVariables(instances, entries, report)
  const variables = entries.flat().flatMap((entry) => entry.variables)
  const read = new Set(variables)
  return {
    backends: instances.map((instance, index) => {
      const reader = readerOf(instance, index, entries[index] ?? [], values, env)
      if (instance.backend === undefined) {
        reportProblems(instance, reader, types, report)
        reportPassedOverVariables(instance, (option) => reader.isGiven(option), read, env, report)
      }
      return resolved(instance, reader)
    }),
    variables,
  }
}

interface Reader {
  get(option: string): unknown
  isGiven(option: string): boolean
  isBad(option: string): boolean
  rawOf(option: string): unknown
  /** Where the value stands, or should stand. */
  sourceOf(option: string): string
  /** A variable that is set and may be meant for this option. */
  mistyped(option: string): string | undefined
}

function readerOf(
  { name, type, table }: Instance,
  index: number,
  entries: readonly Entry[],
  values: Values,
  env: Env,
): Reader {
  const at = (option: string): string => `backends.${index}.${option}`
  const variableOf = (option: string): string => {
    const { variables = [] } = entries.find(({ path }) => path === at(option)) ?? {}
    const ofType = name === type ? optionsFor(table)[option]?.env?.[0] : undefined
    return ofType ?? variables[0] ?? option
  }
  return {
    get: (option) => values.get(at(option)),
    isGiven: (option) => values.isGiven(at(option)),
    isBad: (option) => values.isBad(at(option)),
    rawOf: (option) => values.rawOf(at(option)),
    sourceOf: (option) => values.sourceOf(at(option)) ?? variableOf(option),
    mistyped: (option) => {
      const wanted = variableOf(option)
      const known = new Set(entries.flatMap(({ variables }) => variables))
      const family = wanted.slice(0, wanted.indexOf('_') + 1)
      return closest(
        wanted,
        Object.keys(env).filter((each) => each.startsWith(family) && !known.has(each)),
      )
    },
  }
}

function reportProblems(instance: Instance, reader: Reader, types: BackendTypes, report: Report): void {
  const missing = (option: string, message: string, hint: string | undefined): void => {
    const mistyped = reader.mistyped(option)
    const meant = mistyped === undefined ? undefined : `${mistyped} is set: did you mean ${reader.sourceOf(option)}?`
    report.problem(reader.sourceOf(option), message, meant ?? hint)
  }
  for (const [key, option] of Object.entries(instance.table)) {
    if (option.required !== true || reader.isGiven(key)) continue
    missing(key, `is not set, and the backend ${JSON.stringify(instance.name)} needs it`, option.about)
  }
  const found = types[instance.type]?.problems?.(optionValues(instance, reader), (option) => reader.isBad(option)) ?? []
  for (const { option, message, hint, missing: isMissing } of found) {
    if (reader.isBad(option)) continue
    if (isMissing === true) missing(option, message, hint)
    else report.problem(reader.sourceOf(option), `${shownOption(instance, reader, option)} ${message}`, hint)
  }
}

function shownOption({ table }: Instance, reader: Reader, option: string): string {
  return reader.isGiven(option)
    ? shown(reader.rawOf(option), table[option]?.secret)
    : shown(reader.get(option), table[option]?.secret)
}

function optionValues({ table }: Instance, reader: Reader): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(table).map((key) => [key, reader.get(key)]))
}

function reportSharedVariables(
  instances: readonly Instance[],
  entries: readonly (readonly Entry[])[],
  report: Report,
): void {
  const owners = new Map<string, Instance>()
  entries.forEach((ofOne, index) => {
    const instance = instances[index]!
    for (const variable of new Set(ofOne.flatMap(({ variables }) => variables))) {
      const owner = owners.get(variable)
      if (owner === undefined) owners.set(variable, instance)
      else if (variable.startsWith('TELEMETRY_')) {
        const both = `${JSON.stringify(owner.name)} and ${JSON.stringify(instance.name)}`
        report.problem(instance.source, `${both} would both read ${variable}`, 'Take another name for one of them.')
        return
      }
    }
  })
}

function resolved(instance: Instance, reader: Reader): ResolvedBackend {
  const timeouts = ['timeoutMs', 'tracesTimeoutMs', 'logsTimeoutMs'].map((key) => reader.get(key))
  return {
    name: instance.name,
    type: instance.type,
    options: instance.backend ?? optionValues(instance, reader),
    signals: reader.get('signals') as ResolvedBackend['signals'],
    minLevel: reader.get('minLevel') as ResolvedBackend['minLevel'],
    sample: reader.get('sample') as ResolvedBackend['sample'],
    // The lane's deadline holds for every signal: the longest one, or it would cut a signal off that may take longer.
    timeoutMs: Math.max(...timeouts.filter((each) => typeof each === 'number')),
    compression: reader.get('compression') as ResolvedBackend['compression'],
    exporter: reader.get('exporter') as ResolvedBackend['exporter'],
  }
}
