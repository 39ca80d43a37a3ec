import { createHttpPool } from '../../transport/http-pool.ts'
import type { OtlpOutcome, Signal } from '../backend.ts'
import type { OtlpHttpOptions } from './otlp-http-options.ts'
import { outcomeOfFailure } from './export-failure.ts'
import { revealed, userAgent } from './headers.ts'
import { outcomeOfAnswer } from './otlp-answer.ts'
import { outcomeWithoutOwn } from './own-secrets.ts'

const defaultTimeoutMs = 10_000

/** Most requests of one signal at once: enough to keep up with a receiver that is far away. */
const connections = 4

/** The way to where the requests of one signal go. */
export interface OtlpConnection {
  /** Makes one request. Never rejects: what goes wrong is an outcome. */
  send(body: Uint8Array, compression: 'gzip' | 'none', signal: AbortSignal): Promise<OtlpOutcome>
  close(): Promise<void>
}

export function connectOtlp(options: OtlpHttpOptions, signal: Signal): OtlpConnection {
  const url = options.endpoints[signal] as string
  const timeoutMs = options.timeoutMs[signal] ?? defaultTimeoutMs
  const pool = createHttpPool(url, { connections, ...(options.tls && { tls: options.tls }) })
  const headers = {
    'user-agent': userAgent(),
    ...revealed(options.headers[signal]),
    'content-type': 'application/x-protobuf',
  }
  const own = { url, headers: options.headers[signal] }
  return {
    send: async (body, compression, aborted) => {
      const late = AbortSignal.timeout(timeoutMs)
      try {
        const answer = await pool.post({
          headers: compression === 'gzip' ? { ...headers, 'content-encoding': 'gzip' } : headers,
          body,
          signal: AbortSignal.any([aborted, late]),
        })
        return outcomeWithoutOwn(outcomeOfAnswer(answer, Date.now(), options.hintFor), own)
      } catch (error) {
        if (late.aborted && !aborted.aborted) {
          return { kind: 'retry', reason: 'timeout', message: `no answer within ${timeoutMs} ms` }
        }
        return outcomeWithoutOwn(outcomeOfFailure(error), own)
      }
    },
    close: () => pool.close(),
  }
}
