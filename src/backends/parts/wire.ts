import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Secret } from '../../config/secret.ts'
import { diagnostics } from '../../diagnostics.ts'
import type { TlsOptions } from '../../transport/http-pool.ts'
import type { Outcome } from '../backend.ts'
import { revealed, userAgent } from './headers.ts'
import { outcomeWithoutOwn } from './own-secrets.ts'
import { type LastAnswer, makeSingleAttempt } from './single-attempt.ts'

const defaultTimeoutMs = 10_000
const responseChannel = 'http.client.response.finish'

/** Where an official exporter sends, and how. */
export interface Destination {
  /** The whole URL, path included. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | Secret>> | undefined
  /** Default: 10,000. */
  readonly timeoutMs: number | undefined
  /** Default: `gzip`. */
  readonly compression: 'gzip' | 'none' | undefined
  readonly tls: TlsOptions | undefined
}

/** The connections of an official exporter, and what came back over them. */
export interface Wire {
  readonly last: LastAnswer
  readonly makeAgent: (protocol: string, tls: TlsOptions | undefined) => Promise<Agent>
  /** Runs one attempt; reads the status of its answer, and cuts the connection when the signal aborts. */
  watch(signal: AbortSignal, attempt: () => Promise<Outcome>): Promise<Outcome>
  cut(): void
}

export function createWire(to: Destination): Wire {
  let agent: Agent | undefined
  const last: LastAnswer = { status: undefined, partialSuccess: undefined }
  const cut = (): void => agent?.destroy()
  const onResponse = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest & { agent?: Agent }; response: IncomingMessage }
    if (agent === undefined || request.agent !== agent) return
    last.status = response.statusCode
    last.headers = response.headers
  }
  return {
    last,
    cut,
    makeAgent: async (protocol, tls) => {
      const http = await (protocol === 'http:' ? import('node:http') : import('node:https'))
      agent = letGo(new http.Agent({ keepAlive: true, ...(protocol === 'http:' ? {} : tls) }))
      return agent
    },
    watch: async (signal, attempt) => {
      last.status = undefined
      last.headers = undefined
      last.partialSuccess = undefined
      signal.addEventListener('abort', cut, { once: true })
      subscribe(responseChannel, onResponse)
      try {
        const outcome = await attempt()
        return outcomeWithoutOwn(outcome.kind === 'delivered' ? withPartialSuccess(last) : outcome, to)
      } finally {
        unsubscribe(responseChannel, onResponse)
        signal.removeEventListener('abort', cut)
      }
    },
  }
}

/**
 * Keeps an agent's connections from keeping the process alive.
 *
 * Who waits for a delivery, a flush or a stop, holds the process by a timer of its own, up to its deadline.
 */
function letGo(agent: Agent): Agent {
  const createConnection = agent.createConnection.bind(agent)
  const reuseSocket = agent.reuseSocket.bind(agent)
  agent.createConnection = (options, callback) => {
    const socket = createConnection(options, callback)
    if (socket instanceof Socket) socket.unref()
    return socket
  }
  agent.reuseSocket = (socket, request) => {
    reuseSocket(socket, request)
    if (socket instanceof Socket) socket.unref()
  }
  return agent
}

function withPartialSuccess({ partialSuccess }: LastAnswer): Outcome {
  if (partialSuccess === undefined) return { kind: 'delivered' }
  const { rejected: count, message } = partialSuccess
  return { kind: 'rejected', reason: 'partial_success', message, count }
}

type ExporterConfig = NonNullable<
  ConstructorParameters<typeof import('@opentelemetry/exporter-trace-otlp-proto').OTLPTraceExporter>[0]
>

/** What an official exporter is made with. */
export function exporterConfig({ url, headers, timeoutMs, compression, tls }: Destination, wire: Wire): object {
  const config: ExporterConfig = {
    url,
    headers: revealed(headers),
    timeoutMillis: timeoutMs ?? defaultTimeoutMs,
    httpAgentOptions: (protocol) => wire.makeAgent(protocol, tls),
    userAgent: userAgent(),
  }
  // Its type is an enum of a package that is not ours to import; its values are these texts.
  return { ...config, compression: compression ?? 'gzip' }
}

/** Makes an official exporter try once, send our headers alone, and say what it was answered; returns it. */
export function tamed<Exporter extends object>(exporter: Exporter, { headers }: Destination, { last }: Wire): Exporter {
  if (!makeSingleAttempt(exporter, revealed(headers), last)) {
    diagnostics.once(
      'warn',
      'the installed OTLP exporter is not the one this version was made for: it retries by itself, and adds headers of OTEL_EXPORTER_OTLP_HEADERS',
    )
  }
  return exporter
}
