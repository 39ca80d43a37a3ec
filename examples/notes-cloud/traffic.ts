// The users of the system: MCP clients of three tenants, each with a token of their own.
import { randomUUID } from 'node:crypto'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { JwksIssuer } from '../../test/support/jwks-issuer.ts'
import { fullRegion } from './stand-ins/fly-api.ts'

export interface Account {
  readonly tenantId: string
  readonly userId: string
  readonly email: string
  readonly workosUserId?: string
}

export const accounts: readonly [Account, Account, Account] = [
  {
    tenantId: 'org_01ACME4B7C6B1E',
    userId: 'user_01ANN',
    email: 'ann@acme.test',
    workosUserId: 'user_01WORKOSANN',
  },
  { tenantId: 'org_01BOLT9D20E3F8', userId: 'user_01BOB', email: 'bob@bolt.test' },
  { tenantId: 'org_01CORE5F1A7729', userId: 'user_01CAT', email: 'cat@core.test' },
]

export type Tool =
  | 'provision'
  | 'change_plan'
  | 'deprovision'
  | 'write_note'
  | 'search_notes'
  | 'list_notes'
  | 'count_notes'

export interface Call {
  readonly tool: Tool
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Calls with something to see. */
export const calls: Readonly<Record<string, Call>> = {
  provision: { tool: 'provision', arguments: { region: 'fra' } },
  provisionWhereFull: { tool: 'provision', arguments: { region: fullRegion } },
  writeNote: { tool: 'write_note', arguments: { title: 'Trains', body: 'The night train leaves at nine.' } },
  writeFlakyNote: { tool: 'write_note', arguments: { title: 'Weather', body: 'Rain at first. [flaky]' } },
  writeUnreadableNote: { tool: 'write_note', arguments: { title: 'Scan', body: 'A photograph. [unreadable]' } },
  search: { tool: 'search_notes', arguments: { query: 'train' } },
  searchThoroughly: { tool: 'search_notes', arguments: { query: 'train', thorough: true } },
  list: { tool: 'list_notes', arguments: {} },
  count: { tool: 'count_notes', arguments: {} },
  changePlan: { tool: 'change_plan', arguments: { plan: 'pro' } },
  deprovision: { tool: 'deprovision', arguments: {} },
}

const usual = [
  calls['search'],
  calls['search'],
  calls['search'],
  calls['list'],
  calls['list'],
  calls['writeNote'],
  calls['writeNote'],
  calls['count'],
  calls['changePlan'],
  calls['searchThoroughly'],
  calls['writeFlakyNote'],
] as readonly Call[]

/** A usual call: mostly reading, sometimes something slow or something that fails at first. */
export function usualCall(random: () => number): Call {
  return usual[Math.floor(random() * usual.length)] as Call
}

/** One HTTP request as a user sent it; what was recorded for it has this id. */
export interface SentRequest {
  readonly requestId: string
  readonly tenantId: string
}

export interface User {
  readonly account: Account
  /** Every HTTP request sent so far. */
  readonly sent: readonly SentRequest[]
  /** Calls a tool; resolves whether it succeeded, and with the ids of the HTTP requests it took. */
  call(call: Call, meta?: Readonly<Record<string, unknown>>): Promise<Called>
  close(): Promise<void>
}

export interface Called {
  readonly failed: boolean
  readonly text: string
  readonly requestIds: readonly string[]
}

export interface UserOptions {
  /** Headers of every request, beside the token's. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Connects an MCP client to the gateway, as the official SDK does it. */
export async function connectUser(
  gatewayUrl: string,
  issuer: JwksIssuer,
  account: Account,
  options: UserOptions = {},
): Promise<User> {
  const token = await issuer.sign({
    sub: account.userId,
    org_id: account.tenantId,
    email: account.email,
    ...(account.workosUserId !== undefined && { workos_user_id: account.workosUserId }),
  })
  const sent: SentRequest[] = []
  const recordingFetch = (url: string | URL, init?: RequestInit): Promise<Response> => {
    const requestId = randomUUID()
    sent.push({ requestId, tenantId: account.tenantId })
    const headers = new Headers(init?.headers)
    headers.set('x-request-id', requestId)
    headers.set('authorization', `Bearer ${token}`)
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value)
    return fetch(url, { ...init, headers })
  }
  const client = new Client({ name: 'notes-user', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${gatewayUrl}/mcp`), { fetch: recordingFetch }))
  return {
    account,
    sent,
    call: async ({ tool, arguments: given }, meta) => {
      const before = sent.length
      const result = await client.callTool({ name: tool, arguments: given, ...(meta && { _meta: meta }) })
      const [first] = result.content as readonly { readonly text?: string }[]
      const requestIds = sent.slice(before).map(({ requestId }) => requestId)
      return { failed: result.isError === true, text: first?.text ?? '', requestIds }
    },
    close: () => client.close(),
  }
}
