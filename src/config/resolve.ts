import { type BackendValues, readBackends } from './backend-values.ts'
import type { TelemetryConfig } from './telemetry-config.ts'
import { freezeDeep } from './freeze.ts'
import type { BackendTypes } from './instance-options.ts'
import { type Instance, instancesOf } from './instances.ts'
import { layerOf, type Shape } from './object-layer.ts'
import { createReport, type Report } from './report.ts'
import { resourceOf, type ServiceSource } from './resource.ts'
import { createValues, type Env, type Values } from './schema.ts'
import { type SettingPath, shorthands } from './setting.ts'
import { settings } from './settings.ts'
import { given, settled, valueOf } from './settled.ts'
import { fileVariable, sourceOfCode, sourceOfFile, withoutEmpty } from './sources.ts'
import type { ResolvedConfig } from './types.ts'
import { reportUnknownVariables } from './unknown-variables.ts'
import { reportUnreadVariables } from './unread-variables.ts'

/** What a configuration is made of. */
export interface ConfigInput {
  /** What was written in code; the strongest source. */
  readonly code?: TelemetryConfig
  readonly env: Readonly<Record<string, string | undefined>>
  readonly backendTypes: BackendTypes
  /** True where stdout is a terminal: it then gets the `console` backend where nobody named one. */
  readonly isTerminal: boolean
  /** Where `TELEMETRY_CONFIG` and the application's package.json are looked for. */
  readonly cwd: string
  /** The file that Node was started with; its package.json is looked at first. */
  readonly entry?: string | undefined
}

const backendsVariable = 'TELEMETRY_BACKENDS'
const otelFileVariables = ['OTEL_CONFIG_FILE', 'OTEL_EXPERIMENTAL_CONFIG_FILE']
const paths = Object.keys(settings) as SettingPath[]
const shape: Shape = { leaves: new Set([...paths, 'backends']), shorthands }

/** Names of the variables that belong to no backend. */
export const generalVariables: readonly string[] = [
  ...new Set([backendsVariable, fileVariable, ...paths.flatMap((path) => settings[path].env)]),
]

/**
 * Makes one frozen configuration of code, file, environment and defaults, in this order of strength.
 *
 * Reads no other file than the one `TELEMETRY_CONFIG` names, the application's package.json, and certificates that an
 * option names. Empty variables count as unset. Of `backends` the list of the strongest source holds as a whole.
 *
 * @throws TelemetryError `ERR_CONFIG_INVALID` with the problems of all sources together; no credential is shown.
 */
export function resolveConfig(input: ConfigInput): ResolvedConfig {
  const report = createReport()
  const env = withoutEmpty(input.env)
  const file = sourceOfFile(env, input.cwd, report)
  const code = sourceOfCode(input.code, report)
  const values = createValues(
    paths.map((path) => ({ path, option: settings[path], variables: settings[path].env })),
    env,
    report,
  )
  const service: ServiceSource[] = [serviceOf(values, paths)]
  const lists: [list: unknown, label: (index?: number) => string][] = []
  if (env[backendsVariable] !== undefined) lists.push([env[backendsVariable], () => backendsVariable])
  for (const { content, label } of [file, code].filter((each) => each !== undefined)) {
    const layer = layerOf(content, shape, label, report)
    const list = layer.get('backends')
    layer.delete('backends')
    if (list !== undefined)
      lists.push([list.raw, (index) => label(index === undefined ? 'backends' : `backends[${index}]`)])
    values.overlay(layer)
    service.push(serviceOf(values, [...layer.keys()]))
  }
  const named = instances(lists, input, report)
  const read = readBackends(named ?? defaultBackends(input, report), input.backendTypes, env, report)
  reportOtelFile(env, named !== undefined, report)
  reportUnreadVariables(env, report)
  reportUnknownVariables(env, knownVariables(read, input.backendTypes), report)
  report.throwIfAny()
  const { cwd, entry } = input
  const resource = resourceOf({ sources: service, environment: valueOf(values, 'environment'), env, cwd, entry })
  return frozen(
    { ...settled(values, env), backendsDefaulted: named === undefined, resource, warnings: report.warnings },
    read,
  )
}

/** What the source laid on last says of the service; `own` are the paths that it gives. */
function serviceOf(values: Values, own: readonly string[]): ServiceSource {
  return {
    serviceName: own.includes('serviceName') ? given(values, 'serviceName') : undefined,
    resource: own.includes('resource') ? given(values, 'resource') : undefined,
  }
}

/** The backends of the strongest list; the lists of all sources are checked. Undefined where nobody gave one. */
function instances(
  lists: readonly (readonly [unknown, (index?: number) => string])[],
  { backendTypes: types }: ConfigInput,
  report: Report,
): readonly Instance[] | undefined {
  return lists.map(([list, label]) => instancesOf(list, label, { types, variables: generalVariables }, report)).at(-1)
}

function defaultBackends({ isTerminal, backendTypes: types }: ConfigInput, report: Report): readonly Instance[] {
  const list = isTerminal && Object.hasOwn(types, 'console') ? 'console' : 'none'
  return instancesOf(list, () => backendsVariable, { types, variables: generalVariables }, report)
}

function reportOtelFile(env: Env, isNamed: boolean, report: Report): void {
  const variable = otelFileVariables.find((name) => Object.hasOwn(env, name))
  if (variable === undefined) return
  const why = 'a declarative OpenTelemetry configuration describes a whole SDK with its exporters'
  const hint = `Unset ${variable}, or ${backendsVariable} and use the OpenTelemetry SDK without this package.`
  if (isNamed) report.problem(variable, `it cannot stand beside ${backendsVariable}: ${why}`, hint)
  else report.warn(variable, `it is not read: ${why}`, hint)
}

function knownVariables(
  { backends, variables }: BackendValues,
  types: BackendTypes,
): Parameters<typeof reportUnknownVariables>[1] {
  return { general: generalVariables, active: variables, names: backends.map(({ name }) => name), types }
}

/** Frozen all the way down, but for backends of the application's own, which are not ours to freeze. */
function frozen(config: Omit<ResolvedConfig, 'backends'>, { backends }: BackendValues): ResolvedConfig {
  const own = backends.map((backend) =>
    backend.type === 'custom' ? Object.freeze({ ...backend }) : freezeDeep({ ...backend }),
  )
  return Object.freeze({ ...freezeDeep({ ...config }), backends: Object.freeze(own) })
}
