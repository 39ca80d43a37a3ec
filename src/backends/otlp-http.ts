import type { Secret } from '../config/secret.ts'
import type { TlsOptions } from '../transport/http-pool.ts'
import { type Backend, type Signal, signals } from './backend.ts'
import { officialOtlpHttp } from './parts/official-otlp-http.ts'
import { connectOtlp } from './parts/otlp-connection.ts'
import { plainView, type View } from './view.ts'

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
  /** How the receiver wants the data. Default: as it was recorded. */
  readonly view?: View
  /** `official`: encoded and sent by the exporters of OpenTelemetry, without the view. Default: `own`. */
  readonly exporter?: 'own' | 'official'
}

/**
 * Delivers over OTLP/HTTP in protobuf.
 *
 * One request per attempt, over kept-alive connections of its own; the bytes of a batch are shared with the other
 * backends. Nothing is read from the environment. When an attempt is aborted its connection is cut. A partial success is a
 * rejection of the named number of items; `Retry-After` is passed on as `afterMs`.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function otlpHttp(options: OtlpHttpOptions): Backend {
  if (options.exporter === 'official') return officialOtlpHttp(options)
  const sent = signals.filter((signal) => options.endpoints[signal] !== undefined)
  const connections = new Map(sent.map((signal) => [signal, connectOtlp(options, signal)]))
  const view = options.view ?? plainView
  return {
    signals: sent,
    deliver: async (batch, signal) => {
      const connection = connections.get(batch.signal)
      if (connection === undefined) return { kind: 'rejected', reason: 'signal_not_supported' }
      const { body, unreadable } = await batch.bytes(view, connection.compression)
      if (unreadable >= batch.count) return { kind: 'rejected', reason: 'unreadable' }
      const outcome = await connection.send(body, signal)
      return outcome.kind === 'delivered' && unreadable > 0
        ? { kind: 'rejected', reason: 'unreadable', count: unreadable }
        : outcome
    },
    close: async () => {
      await Promise.all([...connections.values()].map((connection) => connection.close()))
    },
  }
}
