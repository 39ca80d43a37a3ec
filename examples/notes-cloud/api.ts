// The notes of a tenant: list, search, write, and one MCP operation of its own, on the 1.x SDK that most still run.
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express, { type Request } from 'express'
import { logger } from 'signalbox'
import { expressTelemetry, expressTelemetryErrors } from 'signalbox/express'
import { instrumentMcpServer } from 'signalbox/mcp'
import { auth } from './auth.ts'
import { openDatabase } from './database.ts'
import { notesIn } from './notes.ts'
import { serve } from './service.ts'

const database = openDatabase()
const notes = notesIn(database)
const app = express()

/** The tenant of the verified token: who may read what is never decided by telemetry's context. */
const tenantIds = new WeakMap<object, string>()
const tenantIdOf = (request: Request): string => tenantIds.get(request) as string

app.get('/health', (_request, response) => void response.send('ok'))
app.use(
  expressTelemetry({
    tenant: async (request) => {
      const { tenant, claims } = await auth.authenticate(request)
      tenantIds.set(request, String(claims['org_id']))
      return tenant
    },
  }),
)
app.use(express.json())

app.get('/notes', async (request, response) => {
  response.json(await notes.list(tenantIdOf(request)))
})

app.get('/notes/search', async (request, response) => {
  const query = String(request.query['q'] ?? '')
  const found = await notes.search(tenantIdOf(request), query, request.query['thorough'] === 'true')
  logger.info({ hits: found.length }, 'searched')
  response.json(found)
})

app.post('/notes', async (request, response) => {
  const { title, body } = request.body as { title: string; body: string }
  const note = await notes.write(tenantIdOf(request), title, body)
  logger.info({ 'note.id': note.id }, 'note written')
  response.status(201).json(note)
})

app.post('/mcp', async (request, response) => {
  const server = instrumentMcpServer(new McpServer({ name: 'notes-api', version: '1.0.0' }))
  server.registerTool('count_notes', { description: 'How many notes there are.' }, async () => ({
    content: [{ type: 'text', text: String(await notes.count(tenantIdOf(request))) }],
  }))
  // One server and one transport a request: without sessions there is nothing to share.
  const transport = new StreamableHTTPServerTransport()
  await server.connect(transport)
  response.on('close', () => void server.close())
  await transport.handleRequest(request, response, request.body)
})

app.use(expressTelemetryErrors())

await serve(createServer(app), () => database.end())
