// Runs the jobs. It takes no requests: whose work a job is comes with the job.
import { logger } from 'signalbox'
import { openDatabase } from './database.ts'
import { deleteApp } from './fly.ts'
import { openQueue } from './queue.ts'
import { announce, untilTold } from './service.ts'

const database = openDatabase()
const queue = await openQueue()
const flaky = new Set<string>()

await queue.work({
  'index-note': async ({ tenantId, noteId }) => {
    const { rows } = await database.query<{ title: string; body: string }>(
      'select title, body from notes where id = $1 and tenant_id = $2',
      [noteId, tenantId],
    )
    const [note] = rows
    if (note === undefined) throw new Error('there is no such note')
    if (note.body.includes('[unreadable]')) throw new Error('the note cannot be read')
    if (note.body.includes('[flaky]') && !flaky.delete(noteId)) {
      flaky.add(noteId)
      throw new Error('the index was busy')
    }
    await database.query(
      `update notes set words = to_tsvector('simple', title || ' ' || body) where id = $1 and tenant_id = $2`,
      [noteId, tenantId],
    )
    logger.info({ 'note.id': noteId }, 'note indexed')
  },
  'deprovision-tenant': async ({ tenantId, appName }) => {
    await deleteApp(appName)
    await database.query('delete from notes where tenant_id = $1', [tenantId])
    await database.query('delete from tenants where id = $1', [tenantId])
    logger.info('deprovisioned')
  },
})
logger.info('waiting for jobs')
announce('')

untilTold(() => void queue.close().then(() => database.end()))
