const firstMs = 500
const mostMs = 30_000

/** The longest that a receiver's own word on when to come again is obeyed: a day. */
const longestWordMs = 86_400_000

/**
 * Milliseconds to wait before the next attempt: exponential with full jitter, from 500 ms up to 30 s.
 *
 * `failures` counts the attempts that failed in a row, from 1. Where the receiver said when to come again (`afterMs`),
 * never sooner than that.
 */
export function backoffMs(failures: number, random: () => number, afterMs: number = 0): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 16))
  return Math.max(random() * ceiling, Math.min(afterMs, longestWordMs))
}

const firstProbeMs = 30_000
const mostProbeMs = 300_000

/** Milliseconds until a backend that refuses everything is asked again: from half a minute up to five, with jitter. */
export function probeMs(refusals: number, random: () => number): number {
  return Math.min(mostProbeMs, firstProbeMs * 2 ** Math.min(Math.max(refusals, 1) - 1, 16)) * (0.75 + random() / 2)
}
