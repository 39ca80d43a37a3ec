import { boolean } from './parsers/boolean.ts'
import { duration, milliseconds } from './parsers/number.ts'
import type { Settings } from './setting.ts'

type MetricsSettings = Pick<Settings, Extract<keyof Settings, `metrics.${string}`>>

export const metricsSettings: MetricsSettings = {
  'metrics.enabled': {
    group: 'Metrics',
    about: '`false` collects no metrics; the `SIGNALS` of a backend say it for that one.',
    parse: boolean,
    default: true,
    env: ['TELEMETRY_METRICS'],
  },
  'metrics.intervalMs': {
    group: 'Metrics',
    about: 'From one collection of metrics to the next.',
    parse: duration(100),
    parseOtel: milliseconds(100),
    default: 60_000,
    env: ['TELEMETRY_METRICS_INTERVAL', 'OTEL_METRIC_EXPORT_INTERVAL'],
    lenient: true,
  },
}
