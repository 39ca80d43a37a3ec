// Asks the same of Postgres through drizzle and through kysely.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { setTenant, tenant } from '../../../src/index.ts'

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })
await pool.query('create table if not exists notes (id text, title text)')

const notes = pgTable('notes', { id: text('id'), title: text('title') })
const withDrizzle = drizzle(pool)
const withKysely = new Kysely<{ notes: { id: string; title: string } }>({ dialect: new PostgresDialect({ pool }) })

const works: Readonly<Record<string, () => Promise<unknown>>> = {
  '/drizzle': async () => {
    await withDrizzle.transaction(async (tx) => {
      await tx.insert(notes).values({ id: 'd-1', title: 'a secret title' })
    })
    return withDrizzle.select().from(notes).where(eq(notes.id, 'd-1'))
  },
  '/kysely': async () => {
    await withKysely.transaction().execute(async (tx) => {
      await tx.insertInto('notes').values({ id: 'k-1', title: 'a secret title' }).execute()
    })
    return withKysely.selectFrom('notes').selectAll().where('id', '=', 'k-1').execute()
  },
}

const server = createServer((request, response) => {
  setTenant(tenant({ id: 'acme' }))
  works[request.url ?? '']?.().then(
    (rows) => response.end(JSON.stringify(rows)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
