import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import type { Backend, Batch, OtlpOutcome, Outcome } from '../backends/backend.ts'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'
import { shownMessage } from './text.ts'

/**
 * How one attempt ended: as the backend says; `fault` where it threw or answered rubbish; `stopped` where the lane
 * itself gave it up.
 */
export type AttemptResult<Ended = Outcome> =
  | Ended
  | { readonly kind: 'fault'; readonly message: string }
  | { readonly kind: 'stopped' }

type TimedOut = Extract<Outcome, { kind: 'retry' }>

/** How long a backend may take to come to an end after its attempt was aborted, before the lane goes on without it. */
const graceMs = 1_000

/** Past it `setTimeout` fires at once. */
export const longestTimerMs = 2_147_483_647

const untraced = suppressTracing(ROOT_CONTEXT)

/**
 * Makes one delivery attempt, and never rejects, whatever the backend does.
 *
 * After `timeoutMs` the attempt is aborted and ends as `retry` with the reason `timeout`, at once when the backend obeys
 * and a second later when it does not; what it answers then is ignored. Nothing inside is traced.
 */
export function attempt<Ended>(
  make: (signal: AbortSignal) => Promise<unknown>,
  read: (answer: unknown) => Ended | undefined,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<AttemptResult<Ended | TimedOut>> {
  if (stop.aborted) return Promise.resolve({ kind: 'stopped' })
  return new Promise((resolve) => {
    const controller = new AbortController()
    let late: TimedOut | undefined
    let timer: NodeJS.Timeout
    const end = (result: AttemptResult<Ended | TimedOut>): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', giveUp)
      resolve(result)
    }
    const giveUp = (): void => {
      controller.abort(stop.reason)
      end({ kind: 'stopped' })
    }
    const timeOut = (): void => {
      const timedOut: TimedOut = { kind: 'retry', reason: 'timeout', message: `no answer within ${timeoutMs} ms` }
      late = timedOut
      timer = setTimeout(() => end(timedOut), graceMs).unref()
      controller.abort(new DOMException(timedOut.message, 'TimeoutError'))
    }
    timer = setTimeout(timeOut, Math.min(timeoutMs, longestTimerMs)).unref()
    stop.addEventListener('abort', giveUp, { once: true })
    void answerOf(make, read, controller.signal).then((result) => end(late ?? result))
  })
}

async function answerOf<Ended>(
  make: (signal: AbortSignal) => Promise<unknown>,
  read: (answer: unknown) => Ended | undefined,
  signal: AbortSignal,
): Promise<AttemptResult<Ended>> {
  try {
    const answer: unknown = await context.with(untraced, () => make(signal))
    return read(answer) ?? { kind: 'fault', message: 'the backend answered something that is no outcome' }
  } catch (error) {
    return { kind: 'fault', message: messageOf(error) }
  }
}

/** What a backend answered, where that is an outcome. */
export function readOutcome(answer: unknown): Outcome | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  const { kind, reason, message, afterMs, count } = answer as Readonly<Record<string, unknown>>
  if (kind === 'delivered') return { kind }
  if ((kind !== 'retry' && kind !== 'rejected') || typeof reason !== 'string') return undefined
  const said = typeof message === 'string' ? { reason, message } : { reason }
  if (kind === 'retry') return { kind, ...said, ...(isAmount(afterMs) && { afterMs }) }
  if (count === undefined) return { kind, ...said }
  return isAmount(count) ? { kind, ...said, count: Math.floor(count) } : undefined
}

/** What a backend that takes requests answered, where that is an outcome. */
export function readOtlpOutcome(answer: unknown): OtlpOutcome | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  const { kind, reason, message, hint, cause } = answer as Readonly<Record<string, unknown>>
  if (typeof reason !== 'string' || (kind !== 'split' && kind !== 'blocked')) return readOutcome(answer)
  const said = { reason, ...(typeof message === 'string' && { message }) }
  if (kind === 'split') return { kind, cause: cause === 'size' ? 'size' : 'item', ...said }
  return { kind, ...said, ...(typeof hint === 'string' && { hint }) }
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

/** Lets a backend hand over what it holds back; never rejects. */
export function flushBackend(name: string, backend: Backend): Promise<void> {
  return quietly(`backend "${name}" did not flush`, async () => backend.flush?.())
}

/** Least time for a backend's `close`, also when the deadline is over. */
const leastCloseMs = 500

/** Lets a backend give back what it holds; waits `deadlineMs`, or half a second if that is longer, and never rejects. */
export async function closeBackend(name: string, backend: Backend, deadlineMs: number): Promise<void> {
  const timeoutMs = Math.max(deadlineMs, leastCloseMs)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${Math.round(timeoutMs)} ms`)), timeoutMs)
  })
  await quietly(`backend "${name}" did not close`, () => Promise.race([(async () => backend.close?.())(), late]))
  clearTimeout(timer)
}

async function quietly(complaint: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await context.with(untraced, work)
  } catch (error) {
    diagnostics.count('backend_errors')
    diagnostics.once('warn', `${complaint}: ${shownMessage(messageOf(error))}`, complaint)
  }
}

/** Hands a batch to a backend while the process exits; true where it took all of it. Never throws. */
export function isTakenAtExit(backend: Backend, batch: Batch): boolean {
  try {
    return backend.deliverAtExit?.(batch).kind === 'delivered'
  } catch {
    diagnostics.count('backend_exit_errors')
    return false
  }
}
