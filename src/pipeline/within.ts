import { longestTimerMs } from './attempt.ts'

/** A time that a timer can take; what is no number is no time at all. */
export function timerMs(ms: number): number {
  return Math.min(Math.max(Number.isNaN(ms) ? 0 : ms, 0), longestTimerMs)
}

/**
 * True when the work is done before the time is over; then its signal aborts, and nobody waits for it any more.
 *
 * The timer keeps the process alive until then.
 */
export async function within(timeoutMs: number, work: (giveUp: AbortSignal) => Promise<unknown>): Promise<boolean> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, timerMs(timeoutMs), false)
  })
  const inTime = await Promise.race([work(controller.signal).then(() => true as const), late])
  clearTimeout(timer)
  if (!inTime) controller.abort()
  return inTime
}
