// Calls a tool of the MCP server at MCP_URL, once, in an operation of its own.
import { operation, tenant, withTenant } from '../../../src/index.ts'
import { instrumentMcpClient } from '../../../src/integrations/mcp.ts'
import { sdks } from './mcp-kit.ts'

const sdk = sdks.find(({ version }) => version === process.env['MCP_SDK']) ?? sdks[0]
if (sdk === undefined) throw new Error('no SDK')
const client = sdk.client()
if (process.env['MCP_INSTRUMENTED'] !== 'false') instrumentMcpClient(client.raw)
await client.connect(sdk.httpClient(process.env['MCP_URL'] ?? ''))
await withTenant(tenant({ id: 'acme', userId: 'user of acme' }), () =>
  operation('ask', 'ask', () => client.call('work', { text: 'asked' })),
)
await client.close()
