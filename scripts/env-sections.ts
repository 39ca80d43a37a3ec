import { builtinBackends } from '../src/backends/registry.ts'
import { commonOptions, variableSuffix } from '../src/config/instance-options.ts'
import type { Setting, SettingGroup, SettingPath } from '../src/config/setting.ts'
import { settings } from '../src/config/settings.ts'
import { type EnvVariable, variable } from './env-variable.ts'

export interface EnvSection {
  readonly title: string
  readonly about?: string
  readonly variables: readonly EnvVariable[]
}

const groups: readonly SettingGroup[] = [
  'General',
  'Service',
  'Propagation',
  'Sampling',
  'Instrumentation',
  'Logging',
  'Redaction',
  'Metrics',
  'Delivery',
]

function settingVariables(group: SettingGroup): EnvVariable[] {
  const found = new Map<string, EnvVariable>()
  for (const [path, setting] of Object.entries(settings) as [SettingPath, Setting][]) {
    if (setting.group !== group) continue
    const [first] = setting.env
    for (const name of setting.env) {
      const known = name === first ? variable(name, path, setting, setting.defaultText) : standard(name, path, setting)
      found.set(name, known)
    }
  }
  return [...found.values()]
}

/** A standard variable that holds for its signal where ours is not set. */
function standard(name: string, path: string, setting: Setting): EnvVariable {
  const about = `What ${setting.env[0]} says, for ${path.split('.')[1]} alone and where that is not set.`
  return { ...variable(name, path, { ...setting, about }), fallback: undefined }
}

const backendsVariable: EnvVariable = {
  name: 'TELEMETRY_BACKENDS',
  about: `Where telemetry goes, separated by commas: ${Object.keys(builtinBackends)
    .map((name) => `\`${name}\``)
    .join(', ')}, \`type:name\` for a further one, or \`none\`.`,
  fallback: '`console` on a terminal, else `none`',
  example: 'grafana,logfire',
  isSecret: false,
  isRequired: false,
}

const fileVariable: EnvVariable = {
  name: 'TELEMETRY_CONFIG',
  about: 'A configuration file, YAML or JSON; it wins over variables.',
  fallback: undefined,
  example: 'telemetry.yaml',
  isSecret: false,
  isRequired: false,
}

function backendSections(): EnvSection[] {
  return Object.values(builtinBackends).map(({ type, summary, options }) => ({
    title: `Backend ${type}`,
    about: summary,
    variables: Object.entries(options).flatMap(([key, option]) => {
      const names = option.env ?? [`TELEMETRY_${type.toUpperCase()}_${variableSuffix(key)}`]
      return names.map((name) => ({
        ...variable(name, key, option),
        ...(names[0] !== name && {
          about: `Read where ${names[0]} is not set.`,
          example: undefined,
          isRequired: false,
        }),
      }))
    }),
  }))
}

/** Every variable that is read, in the order of `.env.example`. */
export function envSections(): readonly EnvSection[] {
  const [general, ...others] = groups.map((group) => ({ title: group, variables: settingVariables(group) }))
  return [
    { title: 'General', variables: [backendsVariable, fileVariable, ...(general?.variables ?? [])] },
    ...backendSections(),
    {
      title: 'Every backend',
      about:
        'NAME is the name of a backend in capitals, with `_` for `-`: GRAFANA, or EU for `grafana:eu`. Every option of its type can be written in this way too, such as TELEMETRY_EU_API_KEY; a further backend reads only these.',
      variables: Object.entries(commonOptions).map(([key, option]) =>
        variable(`TELEMETRY_NAME_${variableSuffix(key)}`, key, option),
      ),
    },
    ...others,
    {
      title: 'Read where they are set by others',
      about:
        'On Fly.io: `FLY_APP_NAME`, `FLY_MACHINE_ID`, `FLY_REGION`, `FLY_MACHINE_VERSION`, `FLY_PROCESS_GROUP` and `FLY_IMAGE_REF` become resource attributes. `NODE_ENV` decides the default environment. The OpenTelemetry SDK itself reads its limits: `OTEL_ATTRIBUTE_COUNT_LIMIT`, `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`, and the same for `OTEL_SPAN_…` and `OTEL_LOGRECORD_…`, `OTEL_SPAN_EVENT_COUNT_LIMIT`, `OTEL_SPAN_LINK_COUNT_LIMIT`. `OTEL_CONFIG_FILE` is refused beside TELEMETRY_BACKENDS. `NO_COLOR` and `FORCE_COLOR` hold for the console.',
      variables: [],
    },
  ]
}
