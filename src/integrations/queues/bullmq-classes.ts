import { type Context, context as contextApi, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api'
import { loaded, wrapMethod } from './loaded.ts'

/** What is read of BullMQ's `Job`. */
export interface BullJob {
  readonly id?: string
  readonly name: string
  readonly timestamp: number
  readonly attemptsMade: number
  readonly attemptsStarted: number
  readonly stalledCounter: number
  readonly repeatJobKey?: string
  readonly opts: { readonly telemetry?: { readonly metadata?: string } }
}

/** A job whose attempt has failed and is being put away. */
export interface Settling {
  readonly job: BullJob
  readonly error: unknown
}

const jobKey = createContextKey('signalbox.bullmq.job')
const settlingKey = createContextKey('signalbox.bullmq.settling')
const tickKey = createContextKey('signalbox.bullmq.tick')

export const jobIn = (context: Context): BullJob | undefined => context.getValue(jobKey) as BullJob | undefined
export const settlingIn = (context: Context): Settling | undefined =>
  context.getValue(settlingKey) as Settling | undefined
/** True while a worker makes the next job of a scheduler. */
export const isTick = (context: Context): boolean => context.getValue(tickKey) === true

const reached = new Set<unknown>()

/**
 * Completes BullMQ's telemetry hooks with what they are not told: the job, and what its handler threw.
 *
 * Four methods of its classes are wrapped, for queues and workers that have one of our telemetries: `Worker.run` and
 * `Worker.processJob` leave the context that the worker was created in, so that a job never inherits it;
 * `Job.moveToFailed` shows the error; `JobScheduler.upsertJobScheduler` tells the worker's calls from the
 * application's. Says whether the classes were found.
 */
export function reachClasses(isOurs: (telemetry: unknown) => boolean): boolean {
  for (const { Worker, Job, JobScheduler } of loaded('bullmq')) {
    if (reached.has(Worker)) continue
    const traced = (owner: object): boolean => isOurs((owner as Traced).opts?.telemetry)
    wrapMethod(Worker, 'run', (self, _, proceed) => (traced(self) ? contextApi.with(ROOT_CONTEXT, proceed) : proceed()))
    const found = wrapMethod(Worker, 'processJob', (self, [job], proceed) =>
      traced(self) ? contextApi.with(ROOT_CONTEXT.setValue(jobKey, job), proceed) : proceed(),
    )
    wrapMethod(Job, 'moveToFailed', (job, [error], proceed) => {
      if (!traced((job as { readonly queue?: object }).queue ?? {})) return proceed()
      return contextApi.with(contextApi.active().setValue(settlingKey, { job, error }), proceed)
    })
    wrapMethod(JobScheduler, 'upsertJobScheduler', (self, args, proceed) => {
      const isWorkers = (args[5] as { readonly override?: boolean } | undefined)?.override === false
      if (!isWorkers || !traced(self)) return proceed()
      return contextApi.with(contextApi.active().setValue(tickKey, true), proceed)
    })
    if (found) reached.add(Worker)
  }
  return reached.size > 0
}

interface Traced {
  readonly opts?: { readonly telemetry?: unknown }
}
