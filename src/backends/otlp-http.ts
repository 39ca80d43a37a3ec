import { type Backend, type OtlpBackend, type OtlpOutcome, type Outcome, signals } from './backend.ts'
import { officialOtlpHttp } from './parts/official-otlp-http.ts'
import { otlpMetrics } from './parts/otlp-metrics.ts'
import { connectOtlp } from './parts/otlp-connection.ts'
import type { OtlpHttpOptions } from './parts/otlp-http-options.ts'
import { plainView } from './view.ts'

/**
 * Delivers over OTLP/HTTP in protobuf.
 *
 * One request per attempt, over kept-alive connections of its own; the bytes of a batch are shared with the other
 * backends. Nothing is read from the environment. When an attempt is aborted its connection is cut. A partial success is a
 * rejection of the named number of items; `Retry-After` is passed on as `afterMs`.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function otlpHttp(options: OtlpHttpOptions): Backend | OtlpBackend {
  const backend = options.exporter === 'official' ? officialOtlpHttp(options) : ownOtlpHttp(options)
  return options.metrics === undefined ? backend : { ...backend, ...otlpMetrics(options.metrics) }
}

function ownOtlpHttp(options: OtlpHttpOptions): OtlpBackend {
  const sent = signals.filter((signal) => options.endpoints[signal] !== undefined)
  const connections = new Map(sent.map((signal) => [signal, connectOtlp(options, signal)]))
  const view = options.view ?? plainView
  const compression = Object.fromEntries(sent.map((signal) => [signal, options.compression[signal] ?? 'gzip']))
  const send: OtlpBackend['send'] = async ({ signal, body, compression: encoding }, aborted) =>
    connections.get(signal)?.send(body, encoding, aborted) ?? { kind: 'rejected', reason: 'signal_not_supported' }
  return {
    signals: sent,
    view,
    compression,
    ...(options.maxAgeMs && { maxAgeMs: options.maxAgeMs }),
    send,
    deliver: async (batch, aborted) => {
      const { signal, count } = batch
      const encoding = compression[signal] ?? 'gzip'
      const { body, count: readable } = await batch.bytes(view, encoding)
      if (readable === 0) return { kind: 'rejected', reason: 'unreadable' }
      const outcome = whole(await send({ signal, body, compression: encoding }, aborted))
      return outcome.kind === 'delivered' && readable < count
        ? { kind: 'rejected', reason: 'unreadable', count: count - readable }
        : outcome
    },
    close: async () => {
      await Promise.all([...connections.values()].map((connection) => connection.close()))
    },
  }
}

/** An outcome for who can neither take a request apart nor hold it. */
function whole(outcome: OtlpOutcome): Outcome {
  if (outcome.kind !== 'split' && outcome.kind !== 'blocked') return outcome
  const { reason, message } = outcome
  return { kind: 'rejected', reason, ...(message !== undefined && { message }) }
}
