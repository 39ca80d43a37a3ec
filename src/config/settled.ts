import type { Env, Values } from './schema.ts'
import type { SettingPath, SettingValues } from './setting.ts'
import { defaultPropagationKeys } from './settings.ts'
import { defaultSpoolDir } from './spool-dir.ts'
import type { BatchLimits, ResolvedConfig } from './types.ts'

/** The value of a setting that somebody gave. */
export function given<Path extends SettingPath>(values: Values, path: Path): SettingValues[Path] | undefined {
  return values.isGiven(path) ? valueOf(values, path) : undefined
}

/** The value of a setting, or its default. */
export function valueOf<Path extends SettingPath>(values: Values, path: Path): SettingValues[Path] {
  return values.get(path) as SettingValues[Path]
}

/** What is settled without looking at backends or at the machine. */
export function settled(
  values: Values,
  env: Env,
): Omit<ResolvedConfig, 'backends' | 'backendsDefaulted' | 'resource' | 'warnings'> {
  const get = <Path extends SettingPath>(path: Path): SettingValues[Path] => valueOf(values, path)
  const batch = (signal: 'traces' | 'logs'): BatchLimits => ({
    maxItems: get(`batch.${signal}.maxItems`),
    maxBytes: get(`batch.${signal}.maxBytes`),
    maxAgeMs: get(`batch.${signal}.maxAgeMs`),
  })
  return {
    disabled: get('disabled'),
    diagnosticLevel: get('diagnosticLevel'),
    sampler: { name: get('sampler.name'), ratio: get('sampler.ratio') },
    propagators: [...get('propagators')],
    propagation: {
      to: [...get('propagation.to')],
      keys: [...new Set([...defaultPropagationKeys, ...get('propagation.keys')])],
      edge: get('propagation.edge'),
      tenantKeys: [...get('propagation.tenantKeys')],
      tenantTtlMs: get('propagation.tenantTtlMs'),
      jobTtlMs: get('propagation.jobTtlMs'),
    },
    instrumentations: { names: get('instrumentations') },
    http: {
      ignorePaths: [...get('http.ignorePaths')],
      peerServices: { ...get('http.peerServices') },
      flyApiUrl: given(values, 'http.flyApiUrl'),
    },
    logging: {
      level: get('logging.level'),
      redact: [...get('logging.redact')],
      stdout: given(values, 'logging.stdout'),
    },
    metrics: { enabled: get('metrics.enabled'), intervalMs: get('metrics.intervalMs') },
    redaction: get('redaction.enabled')
      ? {
          keys: [...get('redaction.keys')],
          safeKeys: [...get('redaction.safeKeys')],
          patterns: { ...get('redaction.patterns') },
        }
      : undefined,
    logRecordLimits: {
      attributeCount: get('logRecordLimits.attributeCount'),
      attributeValueLength: given(values, 'logRecordLimits.attributeValueLength') ?? Infinity,
    },
    batch: { traces: batch('traces'), logs: batch('logs') },
    queue: { maxItems: get('queue.maxItems'), maxBytes: get('queue.maxBytes') },
    spool: {
      mode: get('spool.mode'),
      dir: given(values, 'spool.dir') ?? defaultSpoolDir(env),
      maxBytes: get('spool.maxBytes'),
    },
    shutdownTimeoutMs: get('shutdownTimeoutMs'),
  }
}
