// Plays the Fly Machines API on loopback: checks what it is sent, takes its time, fails on demand.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly status: number
}

export interface FlyApi {
  readonly url: string
  readonly token: string
  readonly seen: readonly SeenRequest[]
  close(): Promise<void>
}

const regions = new Set(['ams', 'cdg', 'fra', 'iad', 'lhr', 'sjc', 'syd'])
/** A region that is known and always full. */
export const fullRegion = 'gru'

type Reply = readonly [status: number, body?: unknown]

/** Starts the stand-in; `delayMs` is how long a call takes. */
export async function startFlyApi(delayMs = 25): Promise<FlyApi> {
  const token = `fo1_${randomUUID()}`
  const seen: SeenRequest[] = []
  const apps = new Map<string, Set<string>>()
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const { method = '', url: path = '', headers } = request
    await sleep(delayMs)
    const [status, answer] =
      headers.authorization === `Bearer ${token}`
        ? answerTo(method, path, body, apps)
        : ([401, 'unauthorized'] as const)
    seen.push({ method, path, headers, body, status })
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(answer === undefined ? '' : JSON.stringify(answer))
  }
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    seen,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function answerTo(method: string, path: string, body: string, apps: Map<string, Set<string>>): Reply {
  const [, version, collection, appName = '', machines, machineId = '', action] = path.split('?')[0]?.split('/') ?? []
  if (version !== 'v1' || collection !== 'apps') return [404, { error: 'not found' }]
  const sent = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
  if (appName === '') return method === 'POST' ? createApp(sent, apps) : [405, { error: 'method not allowed' }]
  const own = apps.get(appName)
  if (own === undefined) return [404, { error: 'app not found' }]
  if (machines === undefined && method === 'DELETE') return apps.delete(appName) ? [202] : [404]
  if (machines !== 'machines') return [404, { error: 'not found' }]
  if (machineId === '') return method === 'POST' ? createMachine(sent, own) : [200, [...own].map((id) => ({ id }))]
  if (!own.has(machineId)) return [404, { error: 'machine not found' }]
  if (action === 'wait' && method === 'GET') return [200, { ok: true }]
  if (action === undefined && method === 'POST')
    return imageOf(sent) ? [200, { id: machineId }] : [422, { error: 'config.image is required' }]
  return [404, { error: 'not found' }]
}

function createApp(sent: Record<string, unknown>, apps: Map<string, Set<string>>): Reply {
  const { app_name: name, org_slug: org } = sent
  if (typeof name !== 'string' || !/^[a-z0-9-]{3,63}$/.test(name)) return [422, { error: 'invalid app_name' }]
  if (typeof org !== 'string') return [422, { error: 'org_slug is required' }]
  if (!apps.has(name)) apps.set(name, new Set())
  return [201, { id: name }]
}

function createMachine(sent: Record<string, unknown>, machines: Set<string>): Reply {
  if (sent['region'] === fullRegion) return [503, { error: `no capacity in ${fullRegion}` }]
  if (typeof sent['region'] !== 'string' || !regions.has(sent['region'])) return [422, { error: 'unknown region' }]
  if (imageOf(sent) === undefined) return [422, { error: 'config.image is required' }]
  const id = randomUUID().replaceAll('-', '').slice(0, 14)
  machines.add(id)
  return [200, { id, state: 'created' }]
}

function imageOf(sent: Record<string, unknown>): string | undefined {
  const { image } = (sent['config'] ?? {}) as { readonly image?: unknown }
  return typeof image === 'string' ? image : undefined
}
