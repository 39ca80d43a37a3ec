import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { diagnostics } from '../../diagnostics.ts'
import { ownerFile } from './owner.ts'

/** A day more than anything is kept. */
const mostAgeMs = 8 * 24 * 3_600_000

/** What is inside the folder that was set: services, backends, signals, and the folders of processes. */
const levels = [/^/, /^/, /^(?:traces|logs)$/, /^\d+-\d+-[\da-f]{8}$/] as const
const segment = /^\d{8}\.seg$/

/**
 * Deletes what nobody has come for in eight days: the files of services and backends that are not there any more.
 *
 * Never rejects, follows no links, and leaves alone whatever is not named as a spool names it.
 */
export async function forgetOld(dir: string, now: number): Promise<void> {
  try {
    await forgetIn(dir, 0, now)
  } catch {
    diagnostics.count('spool_errors')
  }
}

async function forgetIn(path: string, level: number, now: number): Promise<void> {
  const name = levels[level]
  if (name === undefined) return forgetFiles(path, now)
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || !name.test(entry.name)) continue
    await forgetIn(join(path, entry.name), level + 1, now)
  }
}

async function forgetFiles(folder: string, now: number): Promise<void> {
  const names = await readdir(folder)
  const segments = names.filter((name) => segment.test(name)).map((name) => join(folder, name))
  const old = await Promise.all(segments.map(async (path) => now - (await lstat(path)).mtimeMs > mostAgeMs))
  if (segments.length === 0 || old.includes(false)) return
  for (const path of segments) await rm(path, { force: true })
  await rm(join(folder, ownerFile), { force: true })
  await rmdir(folder).catch(() => {})
}
