// MCP over stdio: stdout is the wire.
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { instrumentMcpServer } from '../../../src/integrations/mcp.ts'
import { connect, sdks } from './mcp-kit.ts'
import { working } from './mcp-tools.ts'

const version = process.env['MCP_SERVE'] === 'true' ? '2.x' : process.env['MCP_SDK']
const sdk = sdks.find((one) => one.version === version) ?? sdks[0]
if (sdk === undefined) throw new Error('no SDK')
const server = sdk.mcpServer(working)
if (process.env['MCP_INSTRUMENTED'] !== 'false') instrumentMcpServer(server)
if (process.env['MCP_SERVE'] !== 'true') await connect(server, sdk.stdioServer())
else if (server instanceof McpServer) serveStdio(() => server)
