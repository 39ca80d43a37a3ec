import { randomUUID } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isAbandoned, ownerFile, sign } from './owner.ts'

/** The folders of a service, a backend and a signal, inside the one that was set, which may be a link or a shared volume. */
const ownLevels = 3

/**
 * Makes the folder of a signal that this user alone may read, and checks that it is one, and those of its backend and its
 * service too.
 *
 * Throws, with what is wrong, where one is a link, somebody else's, or open to others.
 */
export function privateFolder(path: string): void {
  makeFolder(path)
  for (let level = 0, each = path; level < ownLevels; level += 1, each = dirname(each)) checkPrivate(each)
}

/** One level after the other: `recursive` never ends where the system says that a folder inside of one that is there is not. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || existsSync(dirname(path)) || dirname(path) === path) throw error
    makeFolder(dirname(path))
    makeFolder(path)
  }
}

function checkPrivate(path: string): void {
  const stats = lstatSync(path)
  if (!stats.isDirectory()) throw new Error(`${path} is no folder`)
  const own = process.getuid?.()
  if (own === undefined) return
  if (stats.uid !== own) throw new Error(`${path} belongs to another user`)
  if ((stats.mode & 0o077) !== 0) throw new Error(`${path} is open to other users: chmod 700 it`)
}

/** Makes a folder of this process inside `parent`; resolves with its path. */
export async function claimFolder(parent: string): Promise<string> {
  const path = join(parent, folderName(String(Date.now())))
  await mkdir(path, { mode: 0o700 })
  await sign(path)
  return path
}

/** Takes over the folders of processes that are dead, oldest first; each is taken by one process alone. */
export async function adoptFolders(parent: string, now: number): Promise<string[]> {
  const adopted: string[] = []
  const entries = await readdir(parent, { withFileTypes: true })
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(parent, entry.name)
    if (!entry.isDirectory() || !(await isAbandoned(path, now))) continue
    const own = join(parent, folderName(entry.name.split('-', 1)[0] as string))
    try {
      await rename(path, own)
      await sign(own)
      adopted.push(own)
    } catch {
      // Another process was faster.
    }
  }
  return adopted
}

/** True where a file that was at `path` is in another folder beside its own by now: another process took it over. */
export async function isTakenOver(path: string, ino: number): Promise<boolean> {
  const parent = dirname(dirname(path))
  for (const name of await readdir(parent).catch(() => [])) {
    const stats = await lstat(join(parent, name, basename(path))).catch(() => undefined)
    if (stats?.ino === ino) return true
  }
  return false
}

/** Begins with when the folder was made, so that names are in the order of what is inside. */
export function folderName(madeAt: string): string {
  return `${madeAt}-${process.pid}-${randomUUID().slice(0, 8)}`
}

/** Gives a folder away: what is in it is the next process's; where nothing is, it goes. Never rejects. */
export async function leaveFolder(path: string): Promise<void> {
  await rm(join(path, ownerFile), { force: true }).catch(() => {})
  await rmdir(path).catch(() => {})
}
