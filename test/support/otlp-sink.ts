import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { decodeMetrics, type ReceivedMetric } from './metrics-decode.ts'
import { decodeLogRecords, decodeSpans, type ReceivedLogRecord, type ReceivedSpan } from './otlp-decode.ts'

export type { ReceivedLogRecord, ReceivedSpan } from './otlp-decode.ts'

/** How a request is answered: a status, a whole answer, no answer at all, or a connection that is cut. */
export type Answer =
  | number
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string | Uint8Array
      readonly delayMs?: number
    }
  | 'hang'
  | 'reset'

/** An answer that depends on what arrived. */
export type AnswerTo = (request: Omit<ReceivedRequest, 'status'>) => Answer

/** One request that arrived, decoded whatever the answer to it is. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** What the path says: `…/v1/traces` or `…/v1/logs`. */
  readonly signal: 'traces' | 'logs' | undefined
  /** The status it is answered with; 0 where there is no answer. */
  readonly status: number
  /** The port of the client: tells connections apart. */
  readonly remotePort: number
  /** Size of the body as it was sent. */
  readonly bodyBytes: number
  readonly spans: readonly ReceivedSpan[]
  readonly logRecords: readonly ReceivedLogRecord[]
  /** Why the body could not be decoded. */
  readonly problem: string | undefined
}

export interface MetricRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly status: number | 'hang'
  readonly metrics: readonly ReceivedMetric[]
}

export interface OtlpSink {
  /** `http://127.0.0.1:<port>` (or https), without a slash at the end; any prefix before `/v1/…` will do. */
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** Spans of the requests that were answered with a 2xx, in the order of arrival. */
  spans(): ReceivedSpan[]
  /** Log records of the requests that were answered with a 2xx, in the order of arrival. */
  logRecords(): ReceivedLogRecord[]
  /** Metrics of the requests that were answered with a 2xx, in the order of arrival. */
  metrics(): ReceivedMetric[]
  /** Requests with metrics: they come by the clock, and are not among `requests`. */
  readonly metricRequests: readonly MetricRequest[]
  /** How requests with metrics are answered from now on. Default: 200. */
  answerMetrics(status: number | 'hang', body?: string | Uint8Array): void
  /** Answers every request from now on like this, or as the function says, once the scripted answers are used up. */
  answer(answer: Answer | AnswerTo): void
  /** Resolves when the predicate holds; looks at each arrival; rejects after `timeoutMs` (default 10,000). */
  waitFor(predicate: () => boolean, timeoutMs?: number): Promise<void>
  close(): Promise<void>
}

/**
 * A real OTLP/HTTP receiver on loopback. `answers` are given in order to the first requests, then 200 to all others.
 *
 * With `tls` it speaks https, with these options of the server.
 */
export async function otlpSink(
  options: { readonly answers?: readonly Answer[]; readonly tls?: ServerOptions } = {},
): Promise<OtlpSink> {
  const script = [...(options.answers ?? [])]
  let answerTo: AnswerTo = () => 200
  const requests: ReceivedRequest[] = []
  const metricRequests: MetricRequest[] = []
  let metricAnswer: { status: number | 'hang'; body?: string | Uint8Array | undefined } = { status: 200 }
  const watchers = new Set<() => void>()
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    void readBody(request).then(
      (body) => {
        if (request.url?.endsWith('/v1/metrics') === true) {
          const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
          const { status } = metricAnswer
          metricRequests.push({ path: request.url, headers: request.headers, status, metrics: decodeMetrics(bytes) })
          for (const look of watchers) look()
          if (status !== 'hang')
            response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end(metricAnswer.body)
          return
        }
        const decoded = decode(request, body)
        const answer = script.shift() ?? answerTo(decoded)
        const status = decoded.problem !== undefined ? 400 : decoded.signal === undefined ? 404 : statusOf(answer)
        const received = { ...decoded, status }
        requests.push(received)
        for (const look of watchers) look()
        reply(response, answer, received)
      },
      () => response.destroy(),
    )
  }
  const server = options.tls === undefined ? createServer(take) : createTlsServer(options.tls, take)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const taken = (): ReceivedRequest[] => requests.filter(({ status }) => status >= 200 && status < 300)
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: () => taken().flatMap(({ spans }) => spans),
    logRecords: () => taken().flatMap(({ logRecords }) => logRecords),
    metrics: () => metricRequests.flatMap(({ status, metrics }) => (status === 200 ? metrics : [])),
    metricRequests,
    answerMetrics: (status, body) => {
      metricAnswer = { status, body }
    },
    answer: (answer) => {
      answerTo = typeof answer === 'function' ? answer : () => answer
    },
    waitFor: (predicate, timeoutMs = 10_000) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          watchers.delete(look)
          clearTimeout(timer)
          settle()
        }
        const look = (): void => {
          if (predicate()) end(resolve)
        }
        const timer = setTimeout(() => end(() => reject(new Error(summaryOf(requests, timeoutMs)))), timeoutMs)
        watchers.add(look)
        look()
      }),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function decode(request: IncomingMessage, body: Buffer): Omit<ReceivedRequest, 'status'> {
  const path = request.url ?? '/'
  const signal = /\/v1\/(traces|logs)$/.exec(path)?.[1] as 'traces' | 'logs' | undefined
  const { headers, method = '' } = request
  const common = { method, path, headers, signal, remotePort: request.socket.remotePort ?? 0, bodyBytes: body.length }
  try {
    const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const spans = signal === 'traces' ? decodeSpans(bytes) : []
    const logRecords = signal === 'logs' ? decodeLogRecords(bytes) : []
    return { ...common, spans, logRecords, problem: undefined }
  } catch (error) {
    return { ...common, spans: [], logRecords: [], problem: String(error) }
  }
}

function statusOf(answer: Answer): number {
  if (typeof answer === 'number') return answer
  return typeof answer === 'string' ? 0 : (answer.status ?? 200)
}

function reply(response: ServerResponse, answer: Answer, { status, problem }: ReceivedRequest): void {
  if (answer === 'hang') return
  if (answer === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  const { headers = {}, body = problem ?? '', delayMs = 0 } = typeof answer === 'number' ? {} : answer
  const send = (): void => {
    response.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers })
    response.end(body)
  }
  if (delayMs === 0) send()
  else setTimeout(send, delayMs)
}

function summaryOf(requests: readonly ReceivedRequest[], timeoutMs: number): string {
  const lines = requests.map(
    ({ method, path, status, spans, logRecords }) =>
      `${method} ${path} -> ${status} (${spans.length} spans, ${logRecords.length} records)`,
  )
  return [`the sink did not receive what was waited for within ${timeoutMs} ms; it received:`, ...lines].join('\n  ')
}
