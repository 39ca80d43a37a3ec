// The edge: MCP over streamable HTTP. Verifies the caller's token, binds the tenant, and calls the services behind it.
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import Fastify from 'fastify'
import { fastifyTelemetry } from 'signalbox/fastify'
import { auth } from './auth.ts'
import { serve } from './service.ts'
import { port } from './settings.ts'
import { notesServer } from './tools.ts'

const app = Fastify()
app.get('/health', () => 'ok')

await app.register(fastifyTelemetry, {
  tenant: (request) => (request.routeOptions.url === '/health' ? undefined : auth.tenant(request)),
})

const handleMcp = toNodeHandler(createMcpHandler(({ requestInfo }) => notesServer(requestInfo?.headers)))

app.all('/mcp', async (request, reply) => {
  reply.hijack()
  await handleMcp(request.raw as NodeIncomingMessageLike, reply.raw, request.body)
})

await app.listen({ port, host: '0.0.0.0' })
await serve(app.server)
