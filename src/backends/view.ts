import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** What becomes of the values of one attribute; undefined leaves the attribute out. */
export type AttributeRule = (value: unknown) => unknown

/** How one backend wants what all backends get. Views with the same `id` are the same: their bytes are shared. */
export interface View {
  readonly id: string
  /** The rule of a key; undefined where its values stay as they are. Asked once for each key. */
  ruleOf?(key: string): AttributeRule | undefined
  /** Attributes that a span has beside its own. */
  spanExtras?(span: ReadableSpan): Readonly<Record<string, unknown>>
  /** Attributes that a log record has beside its own. */
  logExtras?(record: ReadableLogRecord): Readonly<Record<string, unknown>>
}

/** Everything as it was recorded. */
export const plainView: View = { id: 'plain' }
