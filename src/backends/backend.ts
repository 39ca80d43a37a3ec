import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { OptionProblem, OptionTable, OptionsOf } from '../config/option.ts'
import type { View } from './view.ts'

/** A kind of telemetry that flows through the pipeline. */
export type Signal = 'traces' | 'logs'

/** All signals, in the order in which they are shown. */
export const signals: readonly Signal[] = ['traces', 'logs']

/** What every batch has. Batches are shared by all lanes: nothing in them may be changed. */
interface BatchBase {
  /** Number of spans or log records, at least 1. */
  readonly count: number
  /** Estimated size in memory, in bytes; what a lane's queue is bounded by. */
  readonly estimatedBytes: number
  /**
   * The batch as an OTLP export request in protobuf, as one view has it. Made on first ask, compressed off the main
   * thread, and shared by all who ask with an equal view. Never rejects.
   */
  bytes(view: View, compression: 'gzip' | 'none'): Promise<OtlpBytes>
}

/** An encoded batch. Shared by all lanes: nothing in it may be changed. */
export interface OtlpBytes {
  readonly body: Uint8Array
  /** Items in it; those that could not be read are not. */
  readonly count: number
}

/** Ended spans that were closed together, in the order in which they ended. */
export interface TraceBatch extends BatchBase {
  readonly signal: 'traces'
  readonly spans: readonly ReadableSpan[]
}

/** Log records that were closed together, in the order in which they were written. */
export interface LogBatch extends BatchBase {
  readonly signal: 'logs'
  /** Made from the captured lines on first ask, and kept. */
  readonly records: readonly ReadableLogRecord[]
}

export type Batch = TraceBatch | LogBatch

/**
 * How one delivery attempt ended.
 *
 * `reason` is short, in snake_case and of few different values: it names a counter in `status()`. `message` is for
 * people. A rejection without `count` is of the whole batch; with it, the rest of the batch was delivered.
 */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly reason: string; readonly message?: string; readonly afterMs?: number }
  | { readonly kind: 'rejected'; readonly reason: string; readonly message?: string; readonly count?: number }

/**
 * One place telemetry can go.
 *
 * A backend does the easy part: one attempt to hand over one batch. Queueing, retries, deadlines and counting are the
 * lane's; a backend that throws, hangs or answers rubbish harms nobody but its own data, and that is counted.
 */
export interface Backend {
  /** What it takes; a batch of another signal is never offered to it. Default: all signals. */
  readonly signals?: readonly Signal[]
  /**
   * True where spans that have been open for a second are wanted as well, each once, as Logfire's pending spans: a child
   * of no duration with `logfire.span_type` and `logfire.pending_parent_id`. Default: false.
   */
  readonly pendingSpans?: boolean
  /**
   * Makes one attempt to hand over one batch. Calls never overlap. When `signal` aborts, the attempt is to be given
   * up; its outcome no longer counts.
   */
  deliver(batch: Batch, signal: AbortSignal): Promise<Outcome>
  /**
   * Hands over one batch synchronously, while the process exits; only for a destination that can be written at once,
   * such as a terminal. Without it, what waits when a process crashes or calls `process.exit()` is lost, and said.
   */
  deliverAtExit?(batch: Batch): Outcome
  /** Finds out whether a delivery could succeed, without delivering anything. */
  check?(signal: AbortSignal): Promise<Outcome>
  /**
   * Makes one attempt to hand over metrics; without it, none are offered. They are cumulative: what an attempt could not
   * deliver, the next one makes up for.
   */
  deliverMetrics?(metrics: ResourceMetrics, signal: AbortSignal): Promise<Outcome>
  /** Gives back what it holds for metrics. Called once, after the last of them. */
  closeMetrics?(): Promise<void>
  /** Hands over what it took but holds back to join with later batches. Called when a flush has emptied its queue. */
  flush?(): Promise<void>
  /** Gives back what it holds (sockets, timers). Called once, after the last delivery. */
  close?(): Promise<void>
}

/**
 * How an attempt to hand over an encoded request ended, beyond {@link Outcome}.
 *
 * `split`: the request is too large (`size`), or something in it spoils it (`item`); its halves may get through.
 * `blocked`: nothing gets through before somebody mends the configuration or the account; `hint` says how. The data is
 * held, and tried again slowly.
 */
export type OtlpOutcome =
  | Outcome
  | { readonly kind: 'split'; readonly cause: 'size' | 'item'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'blocked'; readonly reason: string; readonly message?: string; readonly hint?: string }

/** An encoded export request. */
export interface OtlpRequest {
  readonly signal: Signal
  readonly body: Uint8Array
  readonly compression: 'gzip' | 'none'
}

/**
 * A backend that takes OTLP requests: what waits for it is kept encoded, and can be taken apart.
 *
 * Its calls of `send` may overlap, `concurrency` of them for each signal.
 */
export interface OtlpBackend extends Backend {
  readonly view: View
  readonly compression: Readonly<Partial<Record<Signal, 'gzip' | 'none'>>>
  /** Milliseconds after which the receiver refuses data as too old. Default: never. */
  readonly maxAgeMs?: Readonly<Partial<Record<Signal, number>>>
  /** Makes one attempt to hand over one request. When `signal` aborts, the attempt is to be given up. */
  send(request: OtlpRequest, signal: AbortSignal): Promise<OtlpOutcome>
}

/** True for a backend that takes encoded requests. */
export function isOtlpBackend(backend: Backend): backend is OtlpBackend {
  return 'send' in backend && typeof backend.send === 'function'
}

/** What a backend type is told besides its own options. */
export interface BackendContext {
  /** The name of this instance: the type's name, or what stands behind the colon of `type:name`. */
  readonly name: string
  /** Most milliseconds one delivery attempt may take. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  /** What encodes and sends: this package, or the exporters of OpenTelemetry. */
  readonly exporter: 'own' | 'official'
}

/** A kind of backend that can be named in `TELEMETRY_BACKENDS`: its options, and how one is made of them. */
export interface BackendType<Table extends OptionTable = OptionTable> {
  readonly type: string
  /** One sentence for `.env.example` and the documentation. */
  readonly summary: string
  readonly options: Table
  /**
   * Finds what is wrong with options that are each right by themselves. Options without a good value are undefined;
   * `isBad` tells those that were given a bad one. A problem of an option that already has one is left out.
   */
  problems?(options: Partial<OptionsOf<Table>>, isBad: (option: string) => boolean): readonly OptionProblem[]
  connect(options: OptionsOf<Table>, context: BackendContext): Backend
}

/** Gives a backend type its option types; returns it unchanged. */
export function defineBackend<const Table extends OptionTable>(type: BackendType<Table>): BackendType<Table> {
  return type
}
