import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { TlsOptions } from '../../transport/http-pool.ts'
import type { LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { diagnostics } from '../../diagnostics.ts'
import { type Backend, type Outcome, type Signal, signals } from '../backend.ts'
import type { OtlpHttpOptions, PerSignal } from './otlp-http-options.ts'
import { revealed, userAgent } from './headers.ts'
import { fromExporters } from './from-exporters.ts'
import { type LastAnswer, makeSingleAttempt } from './single-attempt.ts'

const defaultTimeoutMs = 10_000
const responseChannel = 'http.client.response.finish'

/**
 * Delivers over OTLP/HTTP in protobuf, through the official exporters, which are loaded with the first batch.
 *
 * One request per attempt over kept-alive connections of its own. Nothing is read from the environment. When an attempt is
 * aborted its connection is cut. A partial success is a rejection of the named number of items; `Retry-After` is passed
 * on as `afterMs`.
 */
export function officialOtlpHttp(options: OtlpHttpOptions): Backend {
  const sent = signals.filter((signal) => options.endpoints[signal] !== undefined)
  const wires: PerSignal<Wire> = Object.fromEntries(sent.map((signal) => [signal, createWire()]))
  const exporters = fromExporters({
    ...(wires.traces && { traces: () => traceExporter(options, wires.traces as Wire) }),
    ...(wires.logs && { logs: () => logExporter(options, wires.logs as Wire) }),
  })
  return {
    signals: sent,
    deliver: async (batch, signal) => {
      const wire = wires[batch.signal]
      return wire === undefined
        ? exporters.deliver(batch, signal)
        : wire.watch(signal, () => exporters.deliver(batch, signal))
    },
    close: async () => {
      for (const wire of Object.values(wires)) wire.cut()
      await exporters.close?.()
    },
  }
}

/** The connections of one signal, and what came back over them. */
interface Wire {
  readonly last: LastAnswer
  readonly makeAgent: (protocol: string, tls: TlsOptions | undefined) => Promise<Agent>
  /** Runs one attempt; reads the status of its answer, and cuts the connection when the signal aborts. */
  watch(signal: AbortSignal, attempt: () => Promise<Outcome>): Promise<Outcome>
  cut(): void
}

function createWire(): Wire {
  let agent: Agent | undefined
  const last: LastAnswer = { status: undefined, partialSuccess: undefined }
  const cut = (): void => agent?.destroy()
  const onResponse = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest & { agent?: Agent }; response: IncomingMessage }
    if (agent !== undefined && request.agent === agent) last.status = response.statusCode
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
      last.partialSuccess = undefined
      signal.addEventListener('abort', cut, { once: true })
      subscribe(responseChannel, onResponse)
      try {
        const outcome = await attempt()
        return outcome.kind === 'delivered' ? withPartialSuccess(last) : outcome
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

async function traceExporter(options: OtlpHttpOptions, wire: Wire): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  return prepared(new OTLPTraceExporter(configOf(options, 'traces', wire)), options, 'traces', wire)
}

async function logExporter(options: OtlpHttpOptions, wire: Wire): Promise<LogRecordExporter> {
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-proto')
  return prepared(new OTLPLogExporter(configOf(options, 'logs', wire)), options, 'logs', wire)
}

type ExporterConfig = NonNullable<
  ConstructorParameters<typeof import('@opentelemetry/exporter-trace-otlp-proto').OTLPTraceExporter>[0]
>

function configOf(options: OtlpHttpOptions, signal: Signal, wire: Wire): object {
  const config: ExporterConfig = {
    url: options.endpoints[signal] as string,
    headers: revealed(options.headers[signal]),
    timeoutMillis: options.timeoutMs[signal] ?? defaultTimeoutMs,
    httpAgentOptions: (protocol) => wire.makeAgent(protocol, options.tls),
    userAgent: userAgent(),
  }
  // Its type is an enum of a package that is not ours to import; its values are these texts.
  return { ...config, compression: options.compression[signal] ?? 'gzip' }
}

function prepared<Exporter extends object>(
  exporter: Exporter,
  options: OtlpHttpOptions,
  signal: Signal,
  { last }: Wire,
): Exporter {
  if (!makeSingleAttempt(exporter, revealed(options.headers[signal]), last)) {
    diagnostics.once(
      'warn',
      'the installed OTLP exporter is not the one this version was made for: it retries by itself, and adds headers of OTEL_EXPORTER_OTLP_HEADERS',
    )
  }
  return exporter
}
