import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** A span that has ended, while its processor still may write to it. */
export type EndedSpan = { -readonly [Key in keyof ReadableSpan]: ReadableSpan[Key] }
