import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Batch, OtlpBackend, Signal } from '../backends/backend.ts'
import { closeBackend, flushBackend } from './attempt.ts'
import type { Lane } from './lane.ts'
import type { LaneOptions, SpoolOptions } from './lane-options.ts'
import type { SpoolSettings } from './stream-spool.ts'
import type { BackendStatus } from './ledger.ts'
import { OtlpStream } from './otlp-stream.ts'
import type { StreamState } from './stream-options.ts'

/** Most requests of one signal on their way at once: enough to keep up with a receiver that is far away. */
const concurrency = 4

/** The state of a lane is that of the signal which is worst off. */
const states: readonly StreamState[] = ['blocked', 'waiting', 'sending', 'idle', 'closed']

/** The path of a backend that takes encoded requests: its signals go apart, so that one in trouble does not hold the other. */
export class OtlpLane implements Lane {
  readonly name: string
  readonly signals: readonly Signal[]
  readonly #options: LaneOptions
  readonly #streams: ReadonlyMap<Signal, OtlpStream>

  constructor(options: LaneOptions & { readonly backend: OtlpBackend }) {
    this.name = options.name
    this.signals = options.signals
    this.#options = options
    this.#streams = new Map(
      options.signals.map((signal) => {
        const spool = options.spool && spoolOf(options.spool, options, signal)
        return [signal, new OtlpStream({ ...options, signal, concurrency, spool })]
      }),
    )
  }

  get queued(): number {
    return this.#sum(({ queued }) => queued)
  }

  get lost(): number {
    return this.#sum(({ lost }) => lost)
  }

  offer(batch: Batch): void {
    this.#streams.get(batch.signal)?.offer(batch)
  }

  hurry(): void {
    for (const stream of this.#streams.values()) stream.hurry()
  }

  async settled(giveUp?: AbortSignal): Promise<void> {
    await this.#all((stream) => stream.settled(giveUp))
  }

  async flush(giveUp?: AbortSignal): Promise<void> {
    this.hurry()
    await this.settled(giveUp)
    if (giveUp?.aborted !== true) await flushBackend(this.name, this.#options.backend)
  }

  rest(): void {
    for (const stream of this.#streams.values()) stream.rest()
  }

  /** What goes over a network cannot be sent at once; it is written to disk. */
  deliverAtExit(): void {
    for (const stream of this.#streams.values()) stream.keepNow()
  }

  async close(closeMs: number): Promise<void> {
    await this.#all((stream) => stream.close())
    await closeBackend(this.name, this.#options.backend, closeMs)
  }

  status(open: Readonly<Record<Signal, number>>): BackendStatus {
    const streams = [...this.#streams.values()]
    const [traces, logs] = [this.#streams.get('traces'), this.#streams.get('logs')]
    const [lastProblem] = streams
      .map((stream) => stream.lastProblem)
      .filter((problem) => problem !== undefined)
      .sort((one, other) => other.at.localeCompare(one.at))
    return Object.freeze({
      type: this.#options.type,
      state: states.find((state) => streams.some((stream) => stream.state === state)) ?? 'idle',
      ...(traces && { traces: traces.status(open.traces) }),
      ...(logs && { logs: logs.status(open.logs) }),
      ...(lastProblem && { lastProblem }),
    })
  }

  #sum(of: (stream: OtlpStream) => number): number {
    return [...this.#streams.values()].reduce((sum, stream) => sum + of(stream), 0)
  }

  #all(work: (stream: OtlpStream) => Promise<void>): Promise<unknown> {
    return Promise.all([...this.#streams.values()].map(work))
  }
}

/** What was encoded for one type of backend is nothing for another one of the same name. */
function spoolOf(
  { dir, service, mode, maxBytes }: SpoolOptions,
  { name, type }: LaneOptions,
  signal: Signal,
): SpoolSettings {
  const backend = name === type ? name : `${type}.${name}`
  return { mode, maxBytes, path: join(dir, folderOf(service), folderOf(backend), signal) }
}

/** A name as a folder can have it; what cannot stand in one makes it another by a hash. */
function folderOf(name: string): string {
  const plain = name.replaceAll(/[^\w.-]/g, '_').slice(0, 80)
  return plain === name && /^\w/.test(name)
    ? name
    : `${plain}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}
