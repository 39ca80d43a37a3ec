import type { Secret } from '../../config/secret.ts'
import type { TlsOptions } from '../../transport/http-pool.ts'
import type { Signal } from '../backend.ts'
import type { View } from '../view.ts'
import type { Destination } from './wire.ts'

export type PerSignal<Value> = Readonly<Partial<Record<Signal, Value>>>

/** How an OTLP/HTTP receiver is reached. A signal without an endpoint is not sent. */
export interface OtlpHttpOptions {
  /** Whole URLs, path included. */
  readonly endpoints: PerSignal<string>
  readonly headers: PerSignal<Readonly<Record<string, string | Secret>>>
  /** Milliseconds after which a request without a whole answer is given up. Default: 10,000. */
  readonly timeoutMs: PerSignal<number>
  /** Default: `gzip`. */
  readonly compression: PerSignal<'gzip' | 'none'>
  readonly tls?: TlsOptions
  /** Where metrics go. Default: nowhere. */
  readonly metrics?: Destination
  /** How the receiver wants the data. Default: as it was recorded. */
  readonly view?: View
  /** Milliseconds after which the receiver refuses data as too old. Default: never. */
  readonly maxAgeMs?: PerSignal<number>
  /** What to do about an answer that lets nothing through, for people. */
  readonly hintFor?: (status: number, message: string) => string | undefined
  /** `official`: encoded and sent by the exporters of OpenTelemetry, without the view. Default: `own`. */
  readonly exporter?: 'own' | 'official'
}
