// MCP over streamable HTTP at the edge: whom a request is for is what its bearer token says.
import { instrumentMcpServer } from '../../../src/integrations/mcp.ts'
import { setTenant, tenant } from '../../../src/index.ts'
import { httpListener, listen, sdks } from './mcp-kit.ts'
import { working } from './mcp-tools.ts'

const sdk = sdks.find(({ version }) => version === process.env['MCP_SDK']) ?? sdks[0]
if (sdk === undefined) throw new Error('no SDK')
const mcp = httpListener(sdk, () => instrumentMcpServer(sdk.mcpServer(working)))
const { url } = await listen((request, response) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (token !== undefined) setTenant(tenant({ id: token, userId: `user of ${token}` }))
  mcp(request, response)
})
console.log(`listening ${url}`)
