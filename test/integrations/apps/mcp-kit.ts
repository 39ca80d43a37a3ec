// The same MCP server and client on both major versions of the SDK, for tests and the apps they start.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as client2 from '@modelcontextprotocol/client'
import { StdioClientTransport as StdioClient2 } from '@modelcontextprotocol/client/stdio'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioClient1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as HttpClient1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTransport as InMemory1 } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport as StdioServer1 } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport as HttpServer1 } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CallToolRequestSchema,
  CreateMessageRequestSchema,
  CreateMessageResultSchema,
  ResultSchema,
} from '@modelcontextprotocol/sdk/types.js'
import * as server2 from '@modelcontextprotocol/server'
import { StdioServerTransport as StdioServer2 } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'
import type { McpConnectable } from '../../../src/integrations/mcp.ts'

type Text = { readonly type: 'text'; readonly text: string }
export interface ToolResult {
  content: Text[]
  isError?: boolean
  structuredContent?: Record<string, unknown>
}
/** What a tool can do beside answering. */
export interface ToolContext {
  readonly signal: AbortSignal
  /** Asks the client's model, a request from the server to the client. */
  sample(): Promise<unknown>
  /** Tells its caller how far it is. */
  progress(): Promise<void>
}
export type Tool = (args: { text?: string | undefined }, context: ToolContext) => Promise<ToolResult> | ToolResult
export type Tools = Readonly<Record<string, Tool>>

interface CallOptions {
  readonly meta?: Record<string, unknown>
  readonly signal?: AbortSignal
  readonly timeout?: number
  readonly onprogress?: () => void
}

/** One of the two clients, with one spelling for both. */
export interface TestClient {
  readonly raw: McpConnectable
  connect(transport: unknown): Promise<void>
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>
  prompt(name: string): Promise<unknown>
  read(uri: string): Promise<unknown>
  ping(): Promise<unknown>
  /** A request that the specification does not know. */
  unknown(method: string): Promise<unknown>
  close(): Promise<void>
}

/** One major version of the SDK. */
export interface Sdk {
  readonly version: '1.x' | '2.x'
  /** An McpServer with these tools, the prompt `summary` and the resource `note://1`. */
  mcpServer(tools: Tools): McpConnectable
  /** A low-level server with a handler for tool calls alone. */
  bareServer(call: (name: string) => ToolResult): McpConnectable
  /** A client whose model answers; `sampling` is called when it is asked. */
  client(sampling?: () => void): TestClient
  linkedPair(): [unknown, unknown]
  httpServer(sessions: boolean): HttpTransport
  httpClient(url: string, sending?: (body: string) => void): unknown
  stdioServer(): unknown
  stdioClient(command: string, args: string[], env: Record<string, string>): unknown
}

interface HttpTransport {
  sessionId?: string | undefined
  onclose?: (() => void) | undefined
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>
  close(): Promise<void>
}

const info = { name: 'notes', version: '1.0.0' }
const input = { text: z.string().optional() }
const message = {
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'hello' } }],
  maxTokens: 10,
}
const sampled = { model: 'm', role: 'assistant' as const, content: { type: 'text' as const, text: 'hi' } }
const prompt = { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'sum up' } }] }
const note = { contents: [{ uri: 'note://1', text: 'the note' }] }

function failing(): never {
  throw new RangeError('no such page')
}

function requestOptions({ signal, timeout, onprogress }: CallOptions): Omit<CallOptions, 'meta'> {
  return { ...(signal && { signal }), ...(timeout && { timeout }), ...(onprogress && { onprogress }) }
}

/** fetch, telling what is sent. */
function spying(sending?: (body: string) => void): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return (url, init) => {
    if (typeof init?.body === 'string') sending?.(init.body)
    return fetch(url, init)
  }
}

const first: Sdk = {
  version: '1.x',
  mcpServer(tools) {
    const server = new McpServer1(info)
    for (const [name, tool] of Object.entries(tools))
      server.registerTool(name, { inputSchema: input }, async (args, extra) => {
        const sample = (): Promise<unknown> =>
          extra.sendRequest({ method: 'sampling/createMessage', params: message }, CreateMessageResultSchema)
        const progress = (): Promise<void> =>
          extra.sendNotification({
            method: 'notifications/progress',
            params: { progressToken: extra._meta?.progressToken ?? 0, progress: 1 },
          })
        return { ...(await tool(args, { signal: extra.signal, sample, progress })) }
      })
    server.registerPrompt('summary', {}, () => prompt)
    server.registerResource('note', 'note://1', {}, () => note)
    server.registerResource('broken', 'note://broken', {}, failing)
    return server
  },
  bareServer(call) {
    const { server } = new McpServer1(info, { capabilities: { tools: {} } })
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({ ...call(params.name) }))
    return server
  },
  client(sampling) {
    const client = new Client1({ name: 'test', version: '1.0.0' }, { capabilities: { sampling: {} } })
    client.setRequestHandler(CreateMessageRequestSchema, () => {
      sampling?.()
      return sampled
    })
    return {
      raw: client,
      connect: (transport) => client.connect(transport as InMemory1),
      call: async (name, args, options = {}) =>
        (await client.callTool(
          { name, ...(args && { arguments: args }), ...(options.meta && { _meta: options.meta }) },
          undefined,
          requestOptions(options),
        )) as unknown as ToolResult,
      prompt: (name) => client.getPrompt({ name }),
      read: (uri) => client.readResource({ uri }),
      ping: () => client.ping(),
      unknown: (method) => client.request({ method }, ResultSchema),
      close: () => client.close(),
    }
  },
  linkedPair: () => InMemory1.createLinkedPair(),
  httpServer: (sessions) => new HttpServer1(sessions ? { sessionIdGenerator: randomUUID } : {}),
  httpClient: (url, sending) => new HttpClient1(new URL(url), { fetch: spying(sending) }),
  stdioServer: () => new StdioServer1(),
  stdioClient: (command, args, env) => new StdioClient1({ command, args, env, stderr: 'inherit' }),
}

const second: Sdk = {
  version: '2.x',
  mcpServer(tools) {
    const server = new server2.McpServer(info)
    for (const [name, tool] of Object.entries(tools))
      server.registerTool(name, { inputSchema: z.object(input) }, async (args, context) => {
        const sample = (): Promise<unknown> =>
          context.mcpReq.send({ method: 'sampling/createMessage', params: message } as never)
        const progress = (): Promise<void> =>
          context.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken: context.mcpReq._meta?.progressToken ?? 0, progress: 1 },
          })
        return { ...(await tool(args, { signal: context.mcpReq.signal, sample, progress })) }
      })
    server.registerPrompt('summary', {}, () => prompt)
    server.registerResource('note', 'note://1', {}, () => note)
    server.registerResource('broken', 'note://broken', {}, failing)
    return server
  },
  bareServer(call) {
    const { server } = new server2.McpServer(info, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/call', ({ params }) => ({ ...call(params.name) }))
    return server
  },
  client(sampling) {
    const client = new client2.Client({ name: 'test', version: '1.0.0' }, { capabilities: { sampling: {} } })
    client.setRequestHandler('sampling/createMessage', () => {
      sampling?.()
      return sampled
    })
    return {
      raw: client,
      connect: (transport) => client.connect(transport as client2.Transport),
      call: async (name, args, options = {}) =>
        (await client.callTool(
          { name, ...(args && { arguments: args }), ...(options.meta && { _meta: options.meta }) },
          requestOptions(options),
        )) as unknown as ToolResult,
      prompt: (name) => client.getPrompt({ name }),
      read: (uri) => client.readResource({ uri }),
      ping: () => client.ping(),
      unknown: (method) => client.request({ method }, z.object({}).loose()),
      close: () => client.close(),
    }
  },
  linkedPair: () => server2.InMemoryTransport.createLinkedPair(),
  httpServer: (sessions) => new NodeStreamableHTTPServerTransport(sessions ? { sessionIdGenerator: randomUUID } : {}),
  httpClient: (url, sending) => new client2.StreamableHTTPClientTransport(new URL(url), { fetch: spying(sending) }),
  stdioServer: () => new StdioServer2(),
  stdioClient: (command, args, env) => new StdioClient2({ command, args, env, stderr: 'inherit' }),
}

export const sdks: readonly Sdk[] = [first, second]

/** Connects a server or client of either version to a transport of the same. */
export function connect(sdk: McpConnectable, transport: unknown): Promise<unknown> {
  return sdk.connect(transport as never)
}

export function text(value: string): ToolResult {
  return { content: [{ type: 'text', text: value }] }
}

/** Serves MCP over streamable HTTP: a server for each session or, without sessions, for each request. */
export function httpListener(sdk: Sdk, makeServer: () => McpConnectable, sessions = true): RequestListener {
  const open = new Map<string, HttpTransport>()
  return (request, response) => {
    void (async () => {
      const known = open.get(String(request.headers['mcp-session-id']))
      if (known !== undefined) return known.handleRequest(request, response)
      const transport = sdk.httpServer(sessions)
      await connect(makeServer(), transport)
      if (!sessions) response.on('close', () => void transport.close())
      await transport.handleRequest(request, response)
      if (transport.sessionId !== undefined) open.set(transport.sessionId, transport)
    })()
  }
}

export async function listen(listener: RequestListener): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
