import { duration, integer, milliseconds, size } from './parsers/number.ts'
import type { Setting, Settings } from './setting.ts'

type BatchSettings = Pick<Settings, Extract<keyof Settings, `batch.${string}`>>

const maxItems = (standard: string): Setting<number> => ({
  group: 'Delivery',
  about: 'Items after which a batch is closed.',
  parse: integer(1, 65_536),
  default: 512,
  env: ['TELEMETRY_BATCH_MAX_ITEMS', `${standard}_MAX_EXPORT_BATCH_SIZE`],
  lenient: true,
})

const maxAgeMs = (standard: string): Setting<number> => ({
  group: 'Delivery',
  about: 'Age of its first item at which a batch is closed.',
  parse: duration(1),
  parseOtel: milliseconds(1),
  default: 1_000,
  env: ['TELEMETRY_BATCH_MAX_AGE', `${standard}_SCHEDULE_DELAY`],
  lenient: true,
})

const maxBytes: Setting<number> = {
  group: 'Delivery',
  about: 'Estimated bytes after which a batch is closed.',
  parse: size(1_024),
  default: 1_024 * 1_024,
  env: ['TELEMETRY_BATCH_MAX_BYTES'],
}

/** When batches are closed; a standard variable holds for its signal where ours is not set. */
export const batchSettings: BatchSettings = {
  'batch.traces.maxItems': maxItems('OTEL_BSP'),
  'batch.traces.maxBytes': maxBytes,
  'batch.traces.maxAgeMs': maxAgeMs('OTEL_BSP'),
  'batch.logs.maxItems': maxItems('OTEL_BLRP'),
  'batch.logs.maxBytes': maxBytes,
  'batch.logs.maxAgeMs': maxAgeMs('OTEL_BLRP'),
}
