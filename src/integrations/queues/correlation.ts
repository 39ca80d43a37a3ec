import type { QueueSettings } from './options.ts'

/** Why the span of an attempt is linked to the span that sent the job instead of being its child. */
export type LinkReason = 'retry' | 'repeat' | 'delay' | 'batch' | 'configured'

/** What decides between child and link. */
export interface Circumstances {
  /** True where it is known that the job was picked up before, or failed before. */
  readonly isRetry: boolean
  /** True for a job that a scheduler makes again and again. */
  readonly isRepeat: boolean
  /** Milliseconds between sending and picking up; undefined where nobody knows. */
  readonly waitMs: number | undefined
}

/** Tells why an attempt is linked, or undefined where it is a child. */
export function linkReason(
  { correlation, parentMaxDelayMs }: Pick<QueueSettings, 'correlation' | 'parentMaxDelayMs'>,
  { isRetry, isRepeat, waitMs }: Circumstances,
): LinkReason | undefined {
  if (correlation === 'parent') return undefined
  if (isRetry) return 'retry'
  if (isRepeat) return 'repeat'
  if (waitMs === undefined || waitMs > parentMaxDelayMs) return 'delay'
  return correlation === 'link' ? 'configured' : undefined
}

/** Time in the queue; clocks of two machines may disagree by a little. */
export function waitSince(sentAtMs: number | undefined, nowMs: number): number | undefined {
  return sentAtMs === undefined ? undefined : Math.max(0, nowMs - sentAtMs)
}
