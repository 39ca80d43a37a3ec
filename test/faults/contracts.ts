import { encodePartialSuccess } from '../support/otlp-decode.ts'
import type { Item, Signal, Stream } from './wire.ts'

/** What a receiver does with a request that reached it: what it stores, and what it answers. */
export interface Verdict {
  readonly stored: readonly Item[]
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Incoming {
  readonly signal: Signal
  readonly streams: readonly Stream[]
  readonly authorization: string | undefined
  /** Bytes of the request, unzipped. */
  readonly bytes: number
}

/** A receiver's rules; each has a memory of its own. */
export type Contract = (incoming: Incoming) => Verdict

const itemsOf = (streams: readonly Stream[]): Item[] => streams.flatMap(({ items }) => items)
const plain = { 'content-type': 'text/plain; charset=utf-8' }
const json = { 'content-type': 'application/json' }
const protobuf = { 'content-type': 'application/x-protobuf' }

/** A Collector: everything is fine. */
export const otlpContract =
  (): Contract =>
  ({ streams }) => ({
    stored: itemsOf(streams),
    status: 200,
    headers: protobuf,
  })

/** The OTLP gateway of Grafana Cloud, with Tempo and Loki behind it. */
export function grafanaContract(token: string): Contract {
  const [tempo, loki] = [tempoContract(), lokiContract()]
  return (incoming) => {
    if (incoming.authorization !== `Basic ${token}`) {
      const error = 'authentication error: invalid authentication credentials'
      return { stored: [], status: 401, headers: json, body: JSON.stringify({ status: 'error', error }) }
    }
    return (incoming.signal === 'traces' ? tempo : loki)(incoming)
  }
}

/** One bad id spoils the whole request; what is too large is answered with 429. */
function tempoContract(): Contract {
  const largest = 4 * 1_024 * 1_024
  return ({ streams, bytes }) => {
    const items = itemsOf(streams)
    if (bytes > largest) {
      const body = `grpc: received message after decompression larger than max (${bytes} vs. ${largest})`
      return { stored: [], status: 429, headers: plain, body }
    }
    const isId = (id: string, length: number): boolean => id.length === length && !/^0*$/.test(id)
    if (items.some(({ traceId }) => !isId(traceId, 32))) {
      return { stored: [], status: 400, headers: plain, body: 'trace ids must be 128 bit' }
    }
    if (items.some(({ spanId }) => !isId(spanId, 16))) {
      return { stored: [], status: 400, headers: plain, body: 'span ids must be 64 bit and not all zero' }
    }
    return { stored: items, status: 200, headers: protobuf }
  }
}

const hourNs = 3_600_000_000_000n

/** 204 and no body; entries more than an hour behind their stream's newest are refused, the others stored. */
function lokiContract(): Contract {
  const newest = new Map<string, bigint>()
  return ({ streams }) => {
    const items = itemsOf(streams)
    const bad = items.find(({ attributes, keys }) => attributes > 118 || keys.some((key) => !/[a-z0-9]/i.test(key)))
    if (bad !== undefined) return { stored: [], status: 400, headers: plain, body: 'invalid structured metadata' }
    const stored = streams.flatMap(({ resource, items: entries }) =>
      entries.filter(({ time }) => {
        const latest = newest.get(resource) ?? time
        newest.set(resource, time > latest ? time : latest)
        return time > latest - hourNs
      }),
    )
    if (stored.length === items.length) return { stored, status: 204 }
    const body = `entry with timestamp 2026-01-01 ignored, reason: 'entry too far behind', total ignored: ${items.length - stored.length} out of ${items.length}`
    return { stored, status: 400, headers: plain, body }
  }
}

/** A token of its region; a day in the past, an hour in the future. */
export function logfireContract(token: string, nowMs: () => number): Contract {
  return ({ signal, streams, authorization }) => {
    if (authorization !== token) return { stored: [], status: 401, headers: json, body: '{"detail":"Invalid token"}' }
    const items = itemsOf(streams)
    const now = BigInt(Math.round(nowMs())) * 1_000_000n
    const stored = items.filter(({ time }) => time > now - 24n * hourNs && time < now + hourNs)
    const rejected = items.length - stored.length
    if (rejected === 0) return { stored, status: 200, headers: protobuf }
    return {
      stored,
      status: 200,
      headers: protobuf,
      body: encodePartialSuccess(signal, rejected, 'outside of the window'),
    }
  }
}
