import type { Pipeline } from '../pipeline/pipeline.ts'
import { sayWhatIsLeft } from '../pipeline/summary.ts'
import type { Metering } from './metrics/metering.ts'
import type { OpenSpans } from './open-spans.ts'
import type { Draining } from './process-hooks.ts'

/** How long an application that has caught an uncaught exception is thought to be about to end. */
const crashMs = 5_000

/** How long an application that was told to end may take for it: longer than orchestrators wait. */
const shutdownMs = 60_000

/** What the end of the process does to spans, records and metrics; `timeoutMs` is for all of them together. */
export function drainingOf(pipeline: Pipeline, metering: Metering, openSpans: OpenSpans, timeoutMs: number): Draining {
  let settledAt = -1
  let isMetered = metering.readers.length === 0
  const flush = (): Promise<unknown> => Promise.all([pipeline.flush(timeoutMs), metering.flush(timeoutMs)])
  return {
    hurry: () => pipeline.hurry(crashMs),
    drain: async () => {
      pipeline.hurry(shutdownMs)
      await flush()
    },
    settle: async () => {
      settledAt = pipeline.accepted()
      isMetered = true
      await flush()
      pipeline.rest()
    },
    isPending: () => !isMetered || (pipeline.queued() > 0 && pipeline.accepted() !== settledAt),
    exit: (crashed) => {
      if (crashed) openSpans.interrupt()
      pipeline.deliverAtExit()
      sayWhatIsLeft(pipeline.status(), crashed)
    },
  }
}
