// Calls a database and other services on request; what it does is named by the path.
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { request as undiciRequest } from 'undici'
import { setTenant, tenant } from '../../../src/index.ts'

const { DATABASE_URL, FLY_FLAPS_BASE_URL, STRIPE_URL } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 })
const machines = `${FLY_FLAPS_BASE_URL}/v1/apps/bm-tenant-1/machines`

const works: Readonly<Record<string, () => Promise<unknown>>> = {
  '/query': () => pool.query("select id, 'a secret' as value from (values (1), (2)) as notes (id) where id > $1", [0]),
  '/change': async () => {
    await pool.query('create temporary table if not exists notes (id int)')
    await pool.query('insert into notes (id) values ($1), ($2)', [1_987_654_321, 1_987_654_322])
  },
  '/fail': () => pool.query('select $1::uuid', ['a secret that is no uuid']).catch(() => {}),
  '/wait': () => Promise.all([pool.query('select pg_sleep(0.05)'), pool.query('select 1')]),
  '/fly': async () => {
    await fetch(machines, { method: 'POST' })
    await undiciRequest(`${machines}/148e/start`, { method: 'POST' }).then(({ body }) => body.text())
    await new Promise((resolve) =>
      get(`${machines}/148e/wait?state=started`, (response) => response.resume().on('end', resolve)),
    )
  },
  '/stripe': () => fetch(`${STRIPE_URL}/v1/charges`).then((response) => response.text()),
}

// What belongs to no request: a poll, as queues in a database make it all day.
await pool.query('select 1 as poll')

const server = createServer((request, response) => {
  setTenant(tenant({ id: 'acme', email: 'ann@acme.test' }))
  works[request.url ?? '']?.().then(
    () => response.end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
