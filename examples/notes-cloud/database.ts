import pg from 'pg'
import { logger } from 'signalbox'
import { required } from './settings.ts'

export interface Note {
  readonly id: string
  readonly title: string
  readonly body: string
}

/** The service's connections; the pool opens them on demand. */
export function openDatabase(): pg.Pool {
  const pool = new pg.Pool({ connectionString: required('DATABASE_URL'), max: 10 })
  // A connection that breaks while nobody uses it; the next query opens another one.
  pool.on('error', (error) => logger.warn({ err: error }, 'a database connection was lost'))
  return pool
}

/** Creates the tables where they do not exist yet. */
export async function createTables(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(`
    create table if not exists tenants (
      id text primary key,
      app_name text not null,
      machine_id text,
      plan text not null default 'free',
      state text not null
    );
    create table if not exists notes (
      id uuid primary key default gen_random_uuid(),
      tenant_id text not null,
      title text not null,
      body text not null,
      words tsvector,
      created_at timestamptz not null default now()
    );
    create index if not exists notes_words on notes using gin (words);
    create index if not exists notes_tenant on notes (tenant_id);
  `)
  await client.end()
}
