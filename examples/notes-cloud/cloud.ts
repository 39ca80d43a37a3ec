// Provisions, updates and deletes tenants: their instance on Fly.io, their row in the database, the jobs around them.
import type { Server } from 'node:http'
import { serve as serveHono } from '@hono/node-server'
import { Hono } from 'hono'
import { currentTenant, logger, operation, setTenant, tenant } from 'signalbox'
import { honoTelemetry } from 'signalbox/hono'
import { auth } from './auth.ts'
import { openDatabase } from './database.ts'
import { createApp, createMachine, updateMachine, waitUntilStarted } from './fly.ts'
import { openQueue } from './queue.ts'
import { serve } from './service.ts'
import { port } from './settings.ts'

interface Variables {
  /** From the verified token: who may do what is never decided by telemetry's context. */
  tenantId: string
}

interface Instance {
  readonly app_name: string
  readonly machine_id: string | null
}

const database = openDatabase()
const queue = await openQueue()
const app = new Hono<{ Variables: Variables }>()

app.get('/health', (c) => c.text('ok'))
app.use(
  honoTelemetry({
    tenant: async (c) => {
      if (c.req.path === '/health') return undefined
      const { tenant, claims } = await auth.authenticate(c)
      c.set('tenantId', String(claims['org_id']))
      return tenant
    },
  }),
)

/** From here on this request is for the tenant's instance too. */
function useInstance(appName: string): void {
  const { 'tenant.id': id = '', ...rest } = currentTenant() ?? {}
  setTenant(tenant({ ...rest, id, appName }))
}

app.post('/tenants', async (c) => {
  const { region } = await c.req.json<{ region: string }>()
  const tenantId = c.get('tenantId')
  const appName = `bm-tenant-${tenantId.slice(-8).toLowerCase()}`
  return operation('provision', 'provision tenant', async () => {
    useInstance(appName)
    logger.info({ 'fly.region': region }, 'provisioning')
    await createApp(appName)
    const { id: machineId } = await createMachine(appName, region)
    await waitUntilStarted(appName, machineId)
    await database.query(
      `insert into tenants (id, app_name, machine_id, state) values ($1, $2, $3, 'started')
       on conflict (id) do update set app_name = excluded.app_name, machine_id = excluded.machine_id, state = 'started'`,
      [tenantId, appName, machineId],
    )
    logger.info({ 'fly.region': region }, 'provisioned')
    return c.json({ appName }, 201)
  })
})

app.patch('/tenants', async (c) => {
  const { plan } = await c.req.json<{ plan: string }>()
  const tenantId = c.get('tenantId')
  return operation('update', 'update tenant', async () => {
    const { rows } = await database.query<Instance>('select app_name, machine_id from tenants where id = $1', [
      tenantId,
    ])
    const [instance] = rows
    if (instance === undefined) return c.json({ error: 'not_provisioned' }, 404)
    useInstance(instance.app_name)
    await updateMachine(instance.app_name, instance.machine_id ?? '', plan === 'pro' ? 1_024 : 256)
    await database.query('update tenants set plan = $2 where id = $1', [tenantId, plan])
    return c.json({ plan })
  })
})

app.delete('/tenants', async (c) => {
  const tenantId = c.get('tenantId')
  return operation('delete', 'delete tenant', async () => {
    const { rows } = await database.query<Instance>(
      `update tenants set state = 'deleting' where id = $1 returning app_name, machine_id`,
      [tenantId],
    )
    const [instance] = rows
    if (instance === undefined) return c.json({ error: 'not_provisioned' }, 404)
    useInstance(instance.app_name)
    await queue.enqueue('deprovision-tenant', { tenantId, appName: instance.app_name })
    return c.json({ state: 'deleting' }, 202)
  })
})

app.post('/notes/:id/index', async (c) => {
  await queue.enqueue('index-note', { tenantId: c.get('tenantId'), noteId: c.req.param('id') })
  return c.json({ queued: true }, 202)
})

const server = serveHono({ fetch: app.fetch, port }) as Server
if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
await serve(server, async () => {
  await queue.close()
  await database.end()
})
