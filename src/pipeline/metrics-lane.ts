import { AsyncLocalStorage } from 'node:async_hooks'
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { Backend } from '../backends/backend.ts'
import { diagnostics } from '../diagnostics.ts'
import { attempt, readOutcome } from './attempt.ts'
import { Ledger, type LaneProblem, problemOf, type SignalStatus } from './ledger.ts'

export interface MetricsLaneOptions {
  /** The name of the backend. */
  readonly name: string
  readonly backend: Backend
  readonly timeoutMs: number
  readonly now?: () => number
}

/** Least time between two announcements of trouble. */
const quietMs = 60_000

/**
 * The way of metrics to one backend: one attempt for each collection, one after the other, and the books, in data points.
 *
 * Nothing is tried again and nothing is kept: metrics are cumulative, and what did not arrive is in what comes next.
 */
export class MetricsLane {
  readonly name: string
  readonly #options: MetricsLaneOptions
  readonly #now: () => number
  readonly #ledger = new Ledger()
  // A collection belongs to no request, whoever asked for it.
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #stop = new AbortController()
  #underWay = 0
  #waiting: ResourceMetrics | undefined
  #delivering: Promise<void> | undefined
  #isFailing = false
  #saidAt = -Infinity
  lastProblem: LaneProblem | undefined

  constructor(options: MetricsLaneOptions) {
    this.name = options.name
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Takes what was collected. What still waits for the end of an attempt is not needed any more. */
  offer(metrics: ResourceMetrics): void {
    const points = pointsOf(metrics)
    this.#ledger.accepted += points
    if (this.#stop.signal.aborted) return this.#ledger.drop('shutdown', points)
    if (this.#waiting !== undefined) this.#ledger.drop('superseded', pointsOf(this.#waiting))
    this.#waiting = metrics
    this.#delivering ??= this.#outside(() => this.#deliverAll())
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#delivering
  }

  /** Gives up what is under way. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#delivering
    try {
      await this.#options.backend.closeMetrics?.()
    } catch {
      diagnostics.count('backend_errors')
    }
  }

  status(): SignalStatus {
    const waiting = this.#waiting === undefined ? 0 : pointsOf(this.#waiting)
    return this.#ledger.status(this.#underWay + waiting, 0)
  }

  async #deliverAll(): Promise<void> {
    for (let metrics = this.#waiting; metrics !== undefined; metrics = this.#waiting) {
      this.#waiting = undefined
      await this.#deliver(metrics)
    }
    this.#delivering = undefined
  }

  async #deliver(metrics: ResourceMetrics): Promise<void> {
    const points = pointsOf(metrics)
    this.#underWay = points
    const { backend, timeoutMs } = this.#options
    const deliver = async (signal: AbortSignal): Promise<unknown> => backend.deliverMetrics?.(metrics, signal)
    const result = await attempt(deliver, readOutcome, timeoutMs, this.#stop.signal)
    this.#underWay = 0
    if (result.kind === 'delivered') return this.#delivered(points)
    if (result.kind === 'stopped') return this.#ledger.drop('shutdown', points)
    const { reason, message } = result.kind === 'fault' ? { reason: 'backend_error', message: result.message } : result
    const lost = result.kind === 'rejected' ? Math.min(result.count ?? points, points) : points
    this.#ledger.delivered += points - lost
    this.#ledger.drop(reason, lost)
    this.#failed(problemOf(reason, message, this.#now()))
  }

  #delivered(points: number): void {
    this.#ledger.delivered += points
    if (this.#isFailing) diagnostics.say('warn', `backend "${this.name}" (metrics) works again`)
    this.#isFailing = false
  }

  #failed(problem: LaneProblem): void {
    this.lastProblem = problem
    if (this.#isFailing || this.#now() - this.#saidAt < quietMs) return
    this.#isFailing = true
    this.#saidAt = this.#now()
    const why = problem.message === '' ? problem.reason : `${problem.reason}: ${problem.message}`
    const rest = 'the next ones make up for what does not arrive; other signals and backends are not affected'
    diagnostics.say('warn', `backend "${this.name}" (metrics) is failing (${why}); ${rest}`)
  }
}

function pointsOf({ scopeMetrics }: ResourceMetrics): number {
  return scopeMetrics.reduce(
    (sum, { metrics }) => metrics.reduce((points, { dataPoints }) => points + dataPoints.length, sum),
    0,
  )
}
