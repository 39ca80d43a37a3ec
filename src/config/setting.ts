import type { DiagnosticLevel } from '../diagnostics.ts'
import type { Option } from './option.ts'
import type { Secret } from './secret.ts'
import type { LevelName, PropagatorName, SamplerName } from './types.ts'

/** A section of `.env.example`. */
export type SettingGroup =
  | 'General'
  | 'Service'
  | 'Propagation'
  | 'Sampling'
  | 'Instrumentation'
  | 'Logging'
  | 'Redaction'
  | 'Metrics'
  | 'Delivery'

/** One value that is not a backend's. */
export interface Setting<T = unknown> extends Option<T> {
  readonly group: SettingGroup
  /** Variables that hold it, strongest first. */
  readonly env: readonly string[]
  /** Its default in words, where it has none that can be printed. */
  readonly defaultText?: string
  /** True where a bad value is to be ignored with a warning, as the OpenTelemetry specification has it. */
  readonly lenient?: boolean
}

/** What each setting is, by its path in code. */
export interface SettingValues {
  readonly disabled: boolean
  readonly diagnosticLevel: DiagnosticLevel
  readonly environment: string
  readonly serviceName: string
  readonly resource: Readonly<Record<string, string>>
  readonly 'propagation.to': readonly string[]
  readonly 'propagation.keys': readonly string[]
  readonly 'propagation.edge': boolean
  readonly 'propagation.tenantKeys': readonly Secret[]
  readonly 'propagation.tenantTtlMs': number
  readonly 'propagation.jobTtlMs': number
  readonly propagators: readonly PropagatorName[]
  readonly 'sampler.name': SamplerName
  readonly 'sampler.ratio': number
  readonly instrumentations: readonly string[] | 'auto'
  readonly 'http.ignorePaths': readonly string[]
  readonly 'http.peerServices': Readonly<Record<string, string>>
  readonly 'http.flyApiUrl': string
  readonly 'logging.level': LevelName | 'silent'
  readonly 'logging.redact': readonly string[]
  readonly 'logging.stdout': boolean
  readonly 'metrics.enabled': boolean
  readonly 'metrics.intervalMs': number
  readonly 'redaction.enabled': boolean
  readonly 'redaction.keys': readonly string[]
  readonly 'redaction.safeKeys': readonly string[]
  readonly 'redaction.patterns': Readonly<Record<string, string>>
  readonly 'logRecordLimits.attributeCount': number
  readonly 'logRecordLimits.attributeValueLength': number
  readonly 'batch.traces.maxItems': number
  readonly 'batch.traces.maxBytes': number
  readonly 'batch.traces.maxAgeMs': number
  readonly 'batch.logs.maxItems': number
  readonly 'batch.logs.maxBytes': number
  readonly 'batch.logs.maxAgeMs': number
  readonly 'queue.maxItems': number
  readonly 'queue.maxBytes': number
  readonly 'spool.mode': 'off' | 'on-failure' | 'always'
  readonly 'spool.dir': string
  readonly 'spool.maxBytes': number
  readonly shutdownTimeoutMs: number
}

export type SettingPath = keyof SettingValues
export type Settings = { readonly [Path in SettingPath]: Setting<SettingValues[Path]> }

/** Paths in code and files that stand for several settings; the more exact path wins. */
export const shorthands: Readonly<Record<string, readonly SettingPath[]>> = {
  'batch.maxItems': ['batch.traces.maxItems', 'batch.logs.maxItems'],
  'batch.maxBytes': ['batch.traces.maxBytes', 'batch.logs.maxBytes'],
  'batch.maxAgeMs': ['batch.traces.maxAgeMs', 'batch.logs.maxAgeMs'],
}
