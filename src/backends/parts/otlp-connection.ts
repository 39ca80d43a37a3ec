import { createHttpPool } from '../../transport/http-pool.ts'
import type { Outcome, Signal } from '../backend.ts'
import type { OtlpHttpOptions } from '../otlp-http.ts'
import { outcomeOfFailure } from './export-failure.ts'
import { revealed, userAgent } from './headers.ts'
import { outcomeOfAnswer } from './otlp-answer.ts'

const defaultTimeoutMs = 10_000

/** The way to where the requests of one signal go. */
export interface OtlpConnection {
  readonly compression: 'gzip' | 'none'
  /** Makes one request. Never rejects: what goes wrong is an outcome. */
  send(body: Uint8Array, signal: AbortSignal): Promise<Outcome>
  close(): Promise<void>
}

export function connectOtlp(options: OtlpHttpOptions, signal: Signal): OtlpConnection {
  const url = options.endpoints[signal] as string
  const compression = options.compression[signal] ?? 'gzip'
  const timeoutMs = options.timeoutMs[signal] ?? defaultTimeoutMs
  const pool = createHttpPool(url, { ...(options.tls && { tls: options.tls }) })
  const headers = {
    'user-agent': userAgent(),
    ...revealed(options.headers[signal]),
    'content-type': 'application/x-protobuf',
    ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
  }
  return {
    compression,
    send: async (body, aborted) => {
      const late = AbortSignal.timeout(timeoutMs)
      try {
        const answer = await pool.post({ headers, body, signal: AbortSignal.any([aborted, late]) })
        return outcomeOfAnswer(answer, Date.now())
      } catch (error) {
        if (late.aborted && !aborted.aborted) {
          return { kind: 'retry', reason: 'timeout', message: `no answer within ${timeoutMs} ms` }
        }
        return outcomeOfFailure(error)
      }
    },
    close: () => pool.close(),
  }
}
