import { entriesFor, type BackendTypes } from '../../config/instance-options.ts'
import { isRecord } from '../../config/object-layer.ts'
import { createReport } from '../../config/report.ts'
import type { Env } from '../../config/schema.ts'
import { settings } from '../../config/settings.ts'
import type { SettingPath } from '../../config/setting.ts'
import { sourceOfFile } from '../../config/sources.ts'
import type { ResolvedBackend } from '../../config/types.ts'

/** Says where values stand: a variable, a place in the configuration file, or `default`. */
export interface ValueSources {
  ofSetting(path: SettingPath): string
  ofOption(backend: ResolvedBackend, option: string): string
  /** The first of these options that was given, or else the variable in which the first one could be. */
  place(backend: ResolvedBackend, ...options: readonly string[]): string
}

export function valueSources(env: Env, cwd: string, types: BackendTypes): ValueSources {
  const file = sourceOfFile(env, cwd, createReport())
  const content = isRecord(file?.content) ? file.content : {}
  const list = Array.isArray(content['backends']) ? (content['backends'] as readonly unknown[]) : []
  const variablesOf = ({ name, type }: ResolvedBackend, option: string): readonly string[] =>
    entriesFor({ name, type, table: types[type]?.options ?? {} }, '').find(({ path }) => path === `.${option}`)
      ?.variables ?? []
  const ofOption = (backend: ResolvedBackend, option: string): string => {
    const index = list.findIndex(
      (each) => isRecord(each) && (each['name'] ?? each['type']) === backend.name && Object.hasOwn(each, option),
    )
    if (index >= 0 && file !== undefined) return file.label(`backends[${index}].${option}`)
    return variablesOf(backend, option).find((name) => Object.hasOwn(env, name)) ?? 'default'
  }
  return {
    ofSetting: (path) => {
      if (file !== undefined && isIn(content, path)) return file.label(path)
      return settings[path].env.find((name) => Object.hasOwn(env, name)) ?? 'default'
    },
    ofOption,
    place: (backend, ...options) =>
      options.map((option) => ofOption(backend, option)).find((source) => source !== 'default') ??
      variablesOf(backend, options[0] ?? '').at(-1) ??
      backend.name,
  }
}

function isIn(content: Readonly<Record<string, unknown>>, path: string): boolean {
  let at: unknown = content
  for (const key of path.split('.')) {
    if (!isRecord(at) || !Object.hasOwn(at, key)) return Object.hasOwn(content, path)
    at = at[key]
  }
  return true
}
