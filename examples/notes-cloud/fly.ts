// Calls of the Fly Machines API (https://fly.io/docs/machines/api/): only what provisioning a tenant needs.
import { required } from './settings.ts'

const baseUrl = required('FLY_FLAPS_BASE_URL')
const token = required('FLY_API_TOKEN')

async function call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${baseUrl}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`Fly answered ${response.status} to ${method}: ${text.slice(0, 200)}`)
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

export function createApp(appName: string): Promise<void> {
  return call('POST', '/apps', { app_name: appName, org_slug: 'notes-cloud' })
}

export function createMachine(appName: string, region: string): Promise<{ readonly id: string }> {
  const config = { image: 'registry.fly.io/notes-api:1', guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 } }
  return call('POST', `/apps/${appName}/machines`, { region, config })
}

export function waitUntilStarted(appName: string, machineId: string): Promise<void> {
  return call('GET', `/apps/${appName}/machines/${machineId}/wait?state=started&timeout=10`)
}

export function updateMachine(appName: string, machineId: string, memoryMb: number): Promise<void> {
  const config = { image: 'registry.fly.io/notes-api:1', guest: { cpu_kind: 'shared', cpus: 1, memory_mb: memoryMb } }
  return call('POST', `/apps/${appName}/machines/${machineId}`, { config })
}

export function deleteApp(appName: string): Promise<void> {
  return call('DELETE', `/apps/${appName}?force=true`)
}
