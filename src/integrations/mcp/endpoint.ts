import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'
import { scopeOf } from '../../tenant/scope.ts'
import { printable } from './request-info.ts'
import { isRecord } from './sdk.ts'

/** What kind of transport it is; `other`, of which nothing is claimed, is in-memory and the application's own. */
export type EndpointKind = 'stdio' | 'client' | 'http-server' | 'other'

/** Where a transport leads. */
export interface Endpoint {
  readonly kind: EndpointKind
  readonly attributes: Attributes
}

const overHttp: Attributes = Object.freeze({ 'network.transport': 'tcp', 'network.protocol.name': 'http' })

/**
 * Tells where a transport leads: `pipe` for stdio, `tcp` for HTTP, with the server's address at a client.
 *
 * Transports do not say what they are; looked at are the members that those of both SDK versions have.
 */
export function endpointOf(transport: object): Endpoint {
  const wire = (transport as { _wire?: unknown })._wire
  if (isRecord(wire)) return endpointOf(wire)
  if (('_stdin' in transport && '_stdout' in transport) || '_serverParams' in transport)
    return { kind: 'stdio', attributes: { 'network.transport': 'pipe' } }
  if ('handleRequest' in transport || 'handlePostMessage' in transport)
    return { kind: 'http-server', attributes: overHttp }
  const url = (transport as { _url?: unknown })._url
  return url instanceof URL ? { kind: 'client', attributes: urlAttributes(url) } : { kind: 'other', attributes: {} }
}

function urlAttributes(url: URL): Attributes {
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:'
  return {
    'network.transport': 'tcp',
    'network.protocol.name': url.protocol.startsWith('ws') ? 'websocket' : 'http',
    'server.address': url.hostname.replace(/^\[(.*)\]$/, '$1'),
    'server.port': url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
  }
}

/** Tells whether a message came in an HTTP request, which a transport names beside it: 1.x and 2.x differently. */
export function cameOverHttp(kind: EndpointKind, extra: unknown): boolean {
  return (
    kind === 'http-server' ||
    (isRecord(extra) && (extra['requestInfo'] !== undefined || extra['request'] !== undefined))
  )
}

/** What the HTTP request that carried a message says of client, server and protocol. */
export function httpAttributes(extra: unknown, ambient: Context): Attributes {
  const attributes: Attributes = { ...overHttp }
  const opener = scopeOf(ambient)?.request.opener as { kind?: SpanKind; attributes?: Attributes } | undefined
  if (opener?.kind === SpanKind.SERVER)
    for (const key of ['client.address', 'client.port', 'server.address', 'server.port']) {
      const value = opener.attributes?.[key]
      if (value !== undefined) attributes[key] = value
    }
  const version = headerOf(extra, 'mcp-protocol-version')
  if (version !== undefined) attributes['mcp.protocol.version'] = printable(version, 32)
  return attributes
}

function headerOf(extra: unknown, name: string): string | undefined {
  const request = isRecord(extra) ? (extra['requestInfo'] ?? extra['request']) : undefined
  const headers = isRecord(request) ? request['headers'] : undefined
  const value = headers instanceof Headers ? headers.get(name) : isRecord(headers) ? headers[name] : undefined
  return typeof value === 'string' ? value : undefined
}
