import type { Attributes } from '@opentelemetry/api'
import { metaOf, paramsOf, type RequestMessage } from './sdk.ts'

/** What a request is called and what is known of it before it is answered. */
export interface RequestInfo {
  /** The span's name with the target, where there is one: `tools/call get-note`. */
  readonly name: string
  /** The target alone, `get-note`. */
  readonly target: string | undefined
  readonly attributes: Attributes
}

/** Methods of every revision of the protocol, 2024-11-05 to 2026-07-28. */
export const specificationMethods: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'subscriptions/listen',
  'completion/complete',
  'logging/setLevel',
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
  'tasks/get',
  'tasks/result',
  'tasks/list',
  'tasks/cancel',
  'tasks/update',
])

const maxNameLength = 128
const maxUriLength = 1_024
const unprintable = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu
const protocolVersionKey = 'io.modelcontextprotocol/protocolVersion'

/** Names a request and collects the attributes of the MCP semantic conventions that its text gives. */
export function requestInfo(request: RequestMessage): RequestInfo {
  const method = printable(request.method, maxNameLength)
  const params = paramsOf(request)
  const attributes: Attributes = {
    'mcp.method.name': method,
    'jsonrpc.request.id': printable(String(request.id), maxNameLength),
  }
  const version = metaOf(request)?.[protocolVersionKey]
  if (typeof version === 'string') attributes['mcp.protocol.version'] = printable(version, maxNameLength)
  if (method.startsWith('resources/') && typeof params['uri'] === 'string')
    attributes['mcp.resource.uri'] = withoutCredentials(printable(params['uri'], maxUriLength))
  const target = typeof params['name'] === 'string' ? printable(params['name'], maxNameLength) : ''
  if (method === 'tools/call') {
    attributes['gen_ai.operation.name'] = 'execute_tool'
    if (target !== '') attributes['gen_ai.tool.name'] = target
  } else if (method === 'prompts/get') {
    if (target !== '') attributes['gen_ai.prompt.name'] = target
  } else {
    return { name: method, target: undefined, attributes }
  }
  if (target === '') return { name: method, target: undefined, attributes }
  return { name: `${method} ${target}`, target, attributes }
}

/** A text of another party in one line, without control characters, cut to a length. */
export function printable(text: string, maxLength: number): string {
  const line = text
    .slice(0, maxLength * 2)
    .replace(unprintable, ' ')
    .trim()
  return line.slice(0, maxLength).toWellFormed()
}

/** A URI without the `user:password@` it may have. */
function withoutCredentials(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')
}
