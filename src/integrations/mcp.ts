import { trace, type TracerProvider } from '@opentelemetry/api'
import { diagnostics } from '../diagnostics.ts'
import { watchTransport } from './mcp/connection.ts'
import { Peer } from './mcp/peer.ts'
import type { Protocol, Transport } from './mcp/sdk.ts'
import { guarded, type Settings } from './mcp/wire.ts'

/**
 * What {@link instrumentMcpServer} and {@link instrumentMcpClient} take beside the server or client.
 *
 * A bound that is not a positive whole number is taken for its default.
 */
export interface McpOptions {
  /** Puts the arguments of tool calls on their spans (`gen_ai.tool.call.arguments`). Default: false. */
  readonly recordArguments?: boolean
  /** Puts the results of tool calls on their spans (`gen_ai.tool.call.result`). Default: false. */
  readonly recordResults?: boolean
  /** Most bytes of JSON recorded of the arguments, and of the result, of one call. Default: 2,048. */
  readonly maxRecordedBytes?: number
  /**
   * Most requests of one connection, in each direction, that may be waiting for their answer. Default: 10,000.
   *
   * Past it the oldest one's span ends with `error.type` `abandoned` (`mcp_requests_abandoned`); the request goes on.
   */
  readonly maxOpenRequests?: number
  /** Where the spans are made. Default: the global provider. */
  readonly tracerProvider?: TracerProvider
}

/** What both versions of the SDK call `McpServer`, `Server` and `Client`: something that connects to a transport. */
export interface McpConnectable {
  connect(transport: never, ...rest: never[]): Promise<unknown>
}

const defaultMaxRecordedBytes = 2_048
const defaultMaxOpenRequests = 10_000
const instrumented = new WeakSet<object>()

/**
 * Traces an MCP server: a SERVER span for each request it serves and a CLIENT span for each it sends to its client.
 *
 * Takes the `McpServer` or the low-level `Server` of `@modelcontextprotocol/server` 2.x and `@modelcontextprotocol/sdk`
 * 1.x and returns the same object. Call it before `connect`; tools may be registered before or after. A second call
 * changes nothing. Trace context is read from and written to `params._meta` by the configured propagators (SEP-414).
 * Never throws; a message that cannot be recorded is served all the same and counted (`mcp_instrumentation_failed`).
 *
 * Follows the MCP semantic conventions, https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp.
 */
export function instrumentMcpServer<T extends McpConnectable>(server: T, options: McpOptions = {}): T {
  return instrument(server, settingsOf(options, true))
}

/**
 * Traces an MCP client: a CLIENT span for each request it sends and a SERVER span for each its server sends to it.
 *
 * Takes the `Client` of `@modelcontextprotocol/client` 2.x and `@modelcontextprotocol/sdk` 1.x and returns the same
 * object. Call it before `connect`. The tenant goes along in `params._meta` to servers over HTTP whose host
 * `TELEMETRY_PROPAGATE_TO` names; what a server says of a tenant is not believed. All else is as with {@link instrumentMcpServer}.
 */
export function instrumentMcpClient<T extends McpConnectable>(client: T, options: McpOptions = {}): T {
  return instrument(client, settingsOf(options, false))
}

function instrument<T extends McpConnectable>(sdk: T, settings: Settings): T {
  const protocol = protocolOf(sdk)
  if (protocol === undefined) {
    diagnostics.count('mcp_not_instrumented')
    diagnostics.once('warn', 'instrumentMcpServer() and instrumentMcpClient() were given something without connect().')
    return sdk
  }
  if (instrumented.has(protocol)) return sdk
  instrumented.add(protocol)
  const peer = new Peer(protocol, sdk)
  const connect = protocol.connect.bind(protocol)
  guarded(() => {
    peer.watchTools()
    protocol.connect = (transport, ...rest) => {
      guarded(() => watchTransport(transport, peer, settings))
      return connect(transport, ...rest)
    }
    if (protocol.transport !== undefined) watchTransport(protocol.transport, peer, settings)
  })
  return sdk
}

/** The object that speaks the protocol: an `McpServer` has it inside. */
function protocolOf(sdk: object): Protocol | undefined {
  const inner = (sdk as { readonly server?: unknown }).server
  return [inner, sdk].find(isProtocol)
}

function isProtocol(value: unknown): value is Protocol & { transport?: Transport } {
  return typeof value === 'object' && value !== null && 'connect' in value && typeof value.connect === 'function'
}

function settingsOf(options: McpOptions, readsBaggage: boolean): Settings {
  return {
    readsBaggage,
    recordArguments: options.recordArguments === true,
    recordResults: options.recordResults === true,
    maxRecordedBytes: boundOr(options.maxRecordedBytes, defaultMaxRecordedBytes),
    maxOpenRequests: boundOr(options.maxOpenRequests, defaultMaxOpenRequests),
    tracer: () => (options.tracerProvider ?? trace).getTracer('signalbox/mcp'),
  }
}

function boundOr(value: number | undefined, otherwise: number): number {
  return value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : otherwise
}
