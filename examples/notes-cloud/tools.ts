// The tools of the gateway. Each calls the services behind it with the caller's own token.
import { randomUUID } from 'node:crypto'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/server'
import { logger, withAttributes } from 'signalbox'
import { instrumentMcpClient, instrumentMcpServer } from 'signalbox/mcp'
import { z } from 'zod'
import { required } from './settings.ts'

const cloudUrl = required('CLOUD_URL')
const apiUrl = required('API_URL')

type Answer = { content: { type: 'text'; text: string }[] }

const answer = (value: unknown): Answer => ({ content: [{ type: 'text', text: JSON.stringify(value) }] })

/** An MCP server for one request, acting for the caller whose headers these are. */
export function notesServer(headers: Headers | undefined): McpServer {
  const authorization = headers?.get('authorization') ?? ''

  async function call<Value>(url: string, method = 'GET', body?: object): Promise<Value> {
    const response = await fetch(url, {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}`)
    return JSON.parse(text) as Value
  }

  const server = instrumentMcpServer(new McpServer({ name: 'notes-cloud', version: '1.0.0' }))

  server.registerTool('list_notes', { description: 'The latest notes.' }, async () =>
    answer(await call(`${apiUrl}/notes`)),
  )

  server.registerTool(
    'search_notes',
    {
      description: 'Notes that hold the words.',
      inputSchema: z.object({ query: z.string(), thorough: z.boolean().default(false) }),
    },
    async ({ query, thorough }) =>
      answer(await call(`${apiUrl}/notes/search?q=${encodeURIComponent(query)}&thorough=${thorough}`)),
  )

  server.registerTool(
    'write_note',
    {
      description: 'Writes a note and has it indexed.',
      inputSchema: z.object({ title: z.string(), body: z.string() }),
    },
    async ({ title, body }) => {
      const note = await call<{ id: string }>(`${apiUrl}/notes`, 'POST', { title, body })
      await call(`${cloudUrl}/notes/${note.id}/index`, 'POST')
      return answer({ id: note.id })
    },
  )

  server.registerTool('count_notes', { description: 'How many notes there are.' }, async () => {
    const client = instrumentMcpClient(new Client({ name: 'notes-gateway', version: '1.0.0' }))
    const transport = new StreamableHTTPClientTransport(new URL(`${apiUrl}/mcp`), {
      requestInit: { headers: { authorization } },
    })
    await client.connect(transport)
    try {
      return (await client.callTool({ name: 'count_notes' })) as unknown as Answer
    } finally {
      await client.close()
    }
  })

  server.registerTool(
    'provision',
    { description: 'Starts an instance for the tenant.', inputSchema: z.object({ region: z.string() }) },
    async ({ region }) =>
      withAttributes({ 'workflow.id': `provision-${randomUUID()}` }, async () => {
        logger.info({ 'fly.region': region }, 'provisioning asked for')
        return answer(await call(`${cloudUrl}/tenants`, 'POST', { region }))
      }),
  )

  server.registerTool(
    'change_plan',
    { description: 'Changes the plan of the tenant.', inputSchema: z.object({ plan: z.enum(['free', 'pro']) }) },
    async ({ plan }) => answer(await call(`${cloudUrl}/tenants`, 'PATCH', { plan })),
  )

  server.registerTool('deprovision', { description: 'Deletes the tenant and all it has.' }, async () =>
    withAttributes({ 'workflow.id': `deprovision-${randomUUID()}` }, async () =>
      answer(await call(`${cloudUrl}/tenants`, 'DELETE')),
    ),
  )

  return server
}
