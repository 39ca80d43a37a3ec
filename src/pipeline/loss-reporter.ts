import { SeverityNumber } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { Resource } from '@opentelemetry/resources'
import { type Signal, signals } from '../backends/backend.ts'
import { logBatch } from './batch.ts'
import type { Route } from './router.ts'
import { isSelected } from './selection.ts'
import { shownCount } from './text.ts'

/** Least time between two reports on the same backend. */
const quietMs = 60_000

const recordBytes = 500
const nothingOpen: Readonly<Record<Signal, number>> = { traces: 0, logs: 0 }
const scope = Object.freeze({ name: 'signalbox' })

/** What is known of one backend's losses. */
interface Reported {
  lost: number
  atMs: number
  readonly byReason: Map<string, number>
}

/** Tells the backends that work what another one lost: a WARN record for each signal and reason, once a minute at most. */
export class LossReporter {
  readonly #routes: readonly Route[]
  readonly #resource: Resource
  readonly #now: () => number
  readonly #reported: ReadonlyMap<Route, Reported>

  constructor(routes: readonly Route[], resource: Resource, now: () => number) {
    this.#routes = routes
    this.#resource = resource
    this.#now = now
    this.#reported = new Map(routes.map((route) => [route, { lost: 0, atMs: -Infinity, byReason: new Map() }]))
  }

  /** Looks for losses since the last time; cheap where there is none. */
  look(): void {
    for (const [route, reported] of this.#reported) {
      if (route.lane.lost === reported.lost || this.#now() - reported.atMs < quietMs) continue
      const listeners = this.#listenersFor(route)
      if (listeners.length === 0) continue
      const records = this.#recordsOf(route, reported)
      reported.lost = route.lane.lost
      reported.atMs = this.#now()
      if (records.length === 0) continue
      const batch = logBatch(records, records.length * recordBytes)
      for (const { lane } of listeners) lane.offer(batch)
    }
  }

  #listenersFor(losing: Route): readonly Route[] {
    const record = { severityNumber: SeverityNumber.WARN, traceId: undefined }
    return this.#routes.filter(({ lane, selection }) => {
      if (lane === losing.lane || !lane.signals.includes('logs') || !isSelected(record, selection)) return false
      const { state } = lane.status(nothingOpen)
      return state === 'idle' || state === 'sending'
    })
  }

  #recordsOf({ lane }: Route, { byReason }: Reported): ReadableLogRecord[] {
    const status = lane.status(nothingOpen)
    return signals.flatMap((signal) =>
      Object.entries(status[signal]?.dropped ?? {}).flatMap(([reason, count]) => {
        const key = `${signal} ${reason}`
        const items = count - (byReason.get(key) ?? 0)
        byReason.set(key, count)
        return items > 0 ? [this.#record(lane.name, signal, reason, items)] : []
      }),
    )
  }

  #record(backend: string, signal: Signal, reason: string, items: number): ReadableLogRecord {
    const nowMs = this.#now()
    const time: [number, number] = [Math.floor(nowMs / 1_000), Math.floor((nowMs % 1_000) * 1e6)]
    const what = `${signal === 'traces' ? 'span' : 'log record'}${items === 1 ? '' : 's'}`
    return {
      hrTime: time,
      hrTimeObserved: time,
      severityNumber: SeverityNumber.WARN,
      severityText: 'warn',
      eventName: 'signalbox.dropped',
      body: `${shownCount(items)} ${what} did not reach "${backend}": ${reason}`,
      attributes: {
        'signalbox.backend': backend,
        'signalbox.signal': signal,
        'signalbox.reason': reason,
        'signalbox.items': items,
      },
      resource: this.#resource,
      instrumentationScope: scope,
      droppedAttributesCount: 0,
    }
  }
}
