import { builtinBackends } from '../../backends/registry.ts'
import { optionsFor } from '../../config/instance-options.ts'
import { Secret } from '../../config/secret.ts'
import { shown } from '../../config/shown.ts'
import type { ResolvedBackend, ResolvedConfig } from '../../config/types.ts'
import type { ShownValue } from './report.ts'
import type { ValueSources } from './value-sources.ts'

/** What the service is called, and how its data is kept. */
export function generalValues({ resource, spool }: ResolvedConfig, sources: ValueSources): readonly ShownValue[] {
  return [
    { name: 'service.name', value: String(resource['service.name']), source: sources.ofSetting('serviceName') },
    {
      name: 'deployment.environment.name',
      value: String(resource['deployment.environment.name']),
      source: sources.ofSetting('environment'),
    },
    { name: 'spool', value: `${spool.mode}, ${spool.dir}`, source: sources.ofSetting('spool.mode') },
  ]
}

/** The options of a backend that somebody gave, with credentials masked. */
export function backendValues(backend: ResolvedBackend, sources: ValueSources): readonly ShownValue[] {
  const options = backend.options as Readonly<Record<string, unknown>>
  const common = backend as unknown as Readonly<Record<string, unknown>>
  const table = optionsFor(builtinBackends[backend.type]?.options ?? {})
  return Object.entries(table).flatMap(([name, { secret }]) => {
    const source = sources.ofOption(backend, name)
    const value = options[name] ?? common[name]
    if (source === 'default' || value === undefined) return []
    return [{ name, value: secret === true || value instanceof Secret ? '***' : textOf(value), source }]
  })
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',')
  return typeof value === 'string' ? (JSON.parse(shown(value)) as string) : shown(value)
}
