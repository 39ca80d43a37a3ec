import { randomUUID } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** Who writes into a folder, so that others can tell whether it still lives. */
interface Owner {
  readonly host: string
  readonly pid: number
  readonly instance: string
}

const ownerFile = 'owner.json'
const me: Owner = { host: hostname(), pid: process.pid, instance: randomUUID() }

/** How often a living process says so. */
export const heartbeatMs = 10_000

/** An owner of another machine, or one whose process number is in use again, is dead when it was silent this long. */
const silentMs = 60_000

/**
 * Makes a folder that this user alone may read, with those above it, and checks that it is one.
 *
 * Throws, with what is wrong, where it is a link, somebody else's, or open to others.
 */
export function privateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
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

/** Begins with when the folder was made, so that names are in the order of what is inside. */
export function folderName(madeAt: string): string {
  return `${madeAt}-${process.pid}-${randomUUID().slice(0, 8)}`
}

/** Says that the owner of a folder lives. Never rejects. */
export async function beat(path: string, now: number): Promise<void> {
  await utimes(join(path, ownerFile), now / 1_000, now / 1_000).catch(() => {})
}

/** Gives a folder away: what is in it is the next process's; where nothing is, it goes. Never rejects. */
export async function leaveFolder(path: string): Promise<void> {
  await rm(join(path, ownerFile), { force: true }).catch(() => {})
  await rmdir(path).catch(() => {})
}

async function sign(path: string): Promise<void> {
  await writeFile(join(path, ownerFile), JSON.stringify(me), { mode: 0o600 })
}

async function isAbandoned(path: string, now: number): Promise<boolean> {
  try {
    const file = join(path, ownerFile)
    const { mtimeMs } = await lstat(file)
    const { host, pid, instance } = JSON.parse(await readFile(file, 'utf8')) as Partial<Owner>
    if (instance === me.instance) return false
    if (now - mtimeMs > silentMs) return true
    // The same number as ours, on the same machine: the process before us had it.
    return host === me.host && typeof pid === 'number' && (pid === me.pid || !isAlive(pid))
  } catch (error) {
    // Nobody's: it was given away. What cannot be looked at is left alone.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
