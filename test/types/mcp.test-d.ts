import { Client as Client2 } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { McpServer as McpServer2 } from '@modelcontextprotocol/server'
import { trace } from '@opentelemetry/api'
import { describe, expectTypeOf, it } from 'vitest'
import { instrumentMcpClient, instrumentMcpServer } from '../../src/integrations/mcp.ts'

const info = { name: 'notes', version: '1.0.0' }

describe('instrumentMcpServer', () => {
  it('takes the servers of both versions and gives back their own type', () => {
    expectTypeOf(instrumentMcpServer(new McpServer1(info))).toEqualTypeOf<McpServer1>()
    expectTypeOf(instrumentMcpServer(new McpServer1(info).server)).toEqualTypeOf<McpServer1['server']>()
    expectTypeOf(instrumentMcpServer(new McpServer2(info))).toEqualTypeOf<McpServer2>()
    expectTypeOf(instrumentMcpServer(new McpServer2(info).server)).toEqualTypeOf<McpServer2['server']>()
  })

  it('takes its options and no others', () => {
    const server = new McpServer2(info)
    instrumentMcpServer(server, { recordArguments: true, recordResults: false, maxRecordedBytes: 1_024 })
    instrumentMcpServer(server, { tracerProvider: trace.getTracerProvider(), maxOpenRequests: 100 })
    // @ts-expect-error no such option
    instrumentMcpServer(server, { recordEverything: true })
    // @ts-expect-error nothing that connects
    instrumentMcpServer({ name: 'notes' })
  })
})

describe('instrumentMcpClient', () => {
  it('takes the clients of both versions and gives back their own type', () => {
    expectTypeOf(instrumentMcpClient(new Client1(info))).toEqualTypeOf<Client1>()
    expectTypeOf(instrumentMcpClient(new Client2(info))).toEqualTypeOf<Client2>()
  })
})
