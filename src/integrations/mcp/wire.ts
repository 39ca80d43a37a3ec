import type { Attributes, Tracer } from '@opentelemetry/api'
import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'
import { type Endpoint, type EndpointKind, endpointOf } from './endpoint.ts'
import { printable } from './request-info.ts'
import { isRecord, type Message, type Transport } from './sdk.ts'

/** The public options with their defaults filled in. */
export interface Settings {
  readonly recordArguments: boolean
  readonly recordResults: boolean
  readonly maxRecordedBytes: number
  readonly maxOpenRequests: number
  readonly tracer: () => Tracer
  /** False at a client: whom its work is for it knows itself, and the server may be anybody's. */
  readonly readsBaggage: boolean
}

/** What both directions of a connection have in common. */
export class Wire {
  readonly transport: Transport
  readonly settings: Settings
  readonly #endpoint: Endpoint
  #protocolVersion: string | undefined

  constructor(transport: Transport, settings: Settings) {
    this.transport = transport
    this.settings = settings
    this.#endpoint = endpointOf(transport)
  }

  get kind(): EndpointKind {
    return this.#endpoint.kind
  }

  /** What is known of every request of the connection. */
  attributes(): Attributes {
    return {
      ...this.#endpoint.attributes,
      ...this.sessionAttributes(),
      ...(this.#protocolVersion !== undefined && { 'mcp.protocol.version': this.#protocolVersion }),
    }
  }

  /** The session; a client learns of it with the answer to its first request. */
  sessionAttributes(): Attributes {
    const { sessionId } = this.transport
    return typeof sessionId === 'string' && sessionId !== '' ? { 'mcp.session.id': printable(sessionId, 256) } : {}
  }

  /** Reads the protocol version that the two sides agree on out of the answer to `initialize`. */
  learnVersion(method: string, response: Message): void {
    const result = response['result']
    const version = method === 'initialize' && isRecord(result) ? result['protocolVersion'] : undefined
    if (typeof version === 'string') this.#protocolVersion = printable(version, 32)
  }
}

/** Runs a step of the instrumentation: what goes wrong in it is counted and said once, and is not the application's. */
export function guarded<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    diagnostics.count('mcp_instrumentation_failed')
    diagnostics.once('error', `an MCP message could not be recorded: ${messageOf(error)}`, 'mcp_instrumentation_failed')
    return undefined
  }
}
