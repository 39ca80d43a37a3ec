import { duration, ratio } from './parsers/number.ts'
import { listOf, oneOf } from './parsers/text.ts'
import { type Option, type OptionProblem, type OptionTable, ValueError } from './option.ts'
import type { Entry } from './schema.ts'
import type { LevelName } from './types.ts'

/** What the configuration knows of a kind of backend. */
export interface BackendTypeInfo {
  readonly type: string
  readonly summary: string
  readonly options: OptionTable
  problems?(options: Readonly<Record<string, unknown>>, isBad: (option: string) => boolean): readonly OptionProblem[]
}

/** The kinds of backends that can be named, by name. */
export type BackendTypes = Readonly<Record<string, BackendTypeInfo>>

type Common = {
  readonly signals: Option<readonly ('traces' | 'logs' | 'metrics')[]>
  readonly minLevel: Option<LevelName>
  readonly sample: Option<number>
  readonly timeoutMs: Option<number>
  readonly compression: Option<'gzip' | 'none'>
  readonly exporter: Option<'own' | 'official'>
}

const signalList = listOf(oneOf('traces', 'logs', 'metrics'))

/** What every backend can be told; a type whose own table has one of these names reads it its own way. */
export const commonOptions: Common = {
  signals: {
    about: 'What it is offered.',
    parse: (raw) => {
      const signals = signalList(raw)
      if (signals.length > 0) return signals
      throw new ValueError(
        'names no signal',
        'Write traces, logs, metrics or several of them; take the backend out of the list to switch it off.',
      )
    },
    default: ['traces', 'logs', 'metrics'],
  },
  minLevel: {
    about: 'Log records below this level are not offered to it: `trace` to `fatal`.',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
  },
  sample: {
    about:
      'The share of traces that it gets, with their log records, from 0 to 1: the same ones from every service, and at every backend with that share.',
    parse: ratio,
    default: 1,
  },
  timeoutMs: { about: 'Longest one delivery attempt may take.', parse: duration(1), default: 10_000 },
  compression: { about: '`gzip` or `none`.', parse: oneOf('gzip', 'none'), default: 'gzip' },
  exporter: {
    about: 'What encodes and sends OTLP: `own`, or the `official` exporters of OpenTelemetry.',
    parse: oneOf('own', 'official'),
    default: 'own',
  },
}

/** All options of an instance: the common ones and those of its type, where the type's win. */
export function optionsFor(table: OptionTable): OptionTable {
  return { ...commonOptions, ...table }
}

/** How an option is called in variables: `apiKey` is `API_KEY`, `timeoutMs` is `TIMEOUT`. */
export function variableSuffix(option: string): string {
  return option
    .replace(/(?:Ms|Bytes)$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
}

/** What the variables of an instance begin with: those of `eu-west` with `TELEMETRY_EU_WEST_`. */
export function variablePrefix(name: string): string {
  return `TELEMETRY_${name.toUpperCase().replaceAll('-', '_')}_`
}

/** The schema entries of one instance below `path`. One that is named like its type reads the type's variables too. */
export function entriesFor(instance: { name: string; type: string; table: OptionTable }, path: string): Entry[] {
  return Object.entries(optionsFor(instance.table)).map(([key, option]) => {
    const own = `${variablePrefix(instance.name)}${variableSuffix(key)}`
    const ofType = instance.name === instance.type ? (option.env ?? []) : []
    return { path: `${path}.${key}`, option, variables: [...new Set([own, ...ofType])] }
  })
}
