import { NoAnswerError } from '../../transport/answer-handler.ts'
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

export function connectOtlp(options: OtlpHttpOptions, of: Signal): OtlpConnection {
  const url = options.endpoints[of] as string
  const timeoutMs = options.timeoutMs[of] ?? defaultTimeoutMs
  const pool = createHttpPool(url, { connections, ...(options.tls && { tls: options.tls }) })
  const headers = {
    'user-agent': userAgent(),
    ...revealed(options.headers[of]),
    'content-type': 'application/x-protobuf',
  }
  const own = { url, headers: options.headers[of] }
  const compressed = { ...headers, 'content-encoding': 'gzip' }
  return {
    send: async (body, compression, signal) => {
      try {
        const answer = await pool.post({
          headers: compression === 'gzip' ? compressed : headers,
          body,
          signal,
          timeoutMs,
        })
        return outcomeWithoutOwn(outcomeOfAnswer(answer, Date.now(), options.hintFor), own)
      } catch (error) {
        if (error instanceof NoAnswerError) return { kind: 'retry', reason: 'timeout', message: error.message }
        return outcomeWithoutOwn(outcomeOfFailure(error), own)
      }
    },
    close: () => pool.close(),
  }
}
