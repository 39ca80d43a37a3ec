import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** What becomes of the values of one attribute; undefined leaves the attribute out. */
export type AttributeRule = (value: unknown) => unknown

/** How much a receiver takes of one log record. */
export interface LogLimits {
  /** Most entries beside the line, those of the resource and the scope included; a map counts as its members. */
  readonly entries: number
  /** Most bytes of attributes together; each counts for no more than `valueBytes`. */
  readonly attributeBytes: number
  readonly valueBytes: number
  /** Most bytes of the body, as text. */
  readonly bodyBytes: number
}

/** How one backend wants what all backends get. Views with the same `id` are the same: their bytes are shared. */
export interface View {
  readonly id: string
  /** The rule of a key; undefined where its values stay as they are. Asked once for each key and signal. */
  ruleOf?(key: string, signal: 'traces' | 'logs'): AttributeRule | undefined
  /** What is over is left out, and counted on the record. */
  readonly logLimits?: LogLimits
  /** Attributes that a span gets beside its own; one that it has already stays. */
  spanExtras?(span: ReadableSpan): Readonly<Record<string, unknown>>
  /** Attributes that a log record gets beside its own; one that it has already stays. */
  logExtras?(record: Pick<ReadableLogRecord, 'body' | 'eventName'>): Readonly<Record<string, unknown>>
}

/** Everything as it was recorded. */
export const plainView: View = { id: 'plain' }

/** Attributes that are left out. */
export const leftOut: AttributeRule = () => undefined

/** Text of at most so many bytes of UTF-8, cut between characters; lists of text likewise. */
export function cutAt(maxBytes: number): AttributeRule {
  const cut = (text: string): string => {
    if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text
    const bytes = Buffer.from(text)
    let end = maxBytes
    while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1
    return bytes.toString('utf8', 0, end)
  }
  return (value) => {
    if (typeof value === 'string') return cut(value)
    return Array.isArray(value) ? value.map((item: unknown) => (typeof item === 'string' ? cut(item) : item)) : value
  }
}
