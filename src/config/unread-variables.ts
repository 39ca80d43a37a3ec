import type { Report } from './report.ts'
import type { Env } from './schema.ts'

interface Unread {
  readonly variable: string
  /** True for values that mean what happens anyway. */
  readonly isHarmless?: (value: string) => boolean
  readonly hint: string
}

const isOtlp = (value: string): boolean => /^\s*otlp\s*$/i.test(value)

/** Standard variables that an application may have, and that are told here in another way. */
const unread: readonly Unread[] = [
  {
    variable: 'OTEL_TRACES_EXPORTER',
    isHarmless: isOtlp,
    hint: 'TELEMETRY_BACKENDS says where telemetry goes, TELEMETRY_<NAME>_SIGNALS which signals.',
  },
  {
    variable: 'OTEL_LOGS_EXPORTER',
    isHarmless: isOtlp,
    hint: 'TELEMETRY_BACKENDS says where telemetry goes, TELEMETRY_<NAME>_SIGNALS which signals.',
  },
  {
    variable: 'OTEL_METRICS_EXPORTER',
    isHarmless: isOtlp,
    hint: 'TELEMETRY_METRICS=false collects none, TELEMETRY_<NAME>_SIGNALS says it for one backend.',
  },
  {
    variable: 'OTEL_NODE_ENABLED_INSTRUMENTATIONS',
    hint: 'Write TELEMETRY_INSTRUMENTATIONS with the names that are wanted.',
  },
  {
    variable: 'OTEL_NODE_DISABLED_INSTRUMENTATIONS',
    hint: 'Write TELEMETRY_INSTRUMENTATIONS with the names that are wanted.',
  },
]

/** Warns of standard variables that somebody set and nobody reads here. */
export function reportUnreadVariables(env: Env, report: Report): void {
  for (const { variable, isHarmless, hint } of unread) {
    const value = env[variable]
    if (value !== undefined && isHarmless?.(value) !== true) report.warn(variable, 'this variable is not read', hint)
  }
}
