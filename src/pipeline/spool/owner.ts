import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { lstat, readFile, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** Who writes into a folder, so that others can tell whether it still lives. */
interface Owner {
  readonly host: string
  readonly pid: number
  readonly instance: string
  /** When the process started, in ticks since the machine did; undefined where the system does not say. */
  readonly startedAt?: string | undefined
  /** In what the number of the process is unique: a start of the machine, and a namespace of processes. */
  readonly place?: string | undefined
}

export const ownerFile = 'owner.json'

/** How often a living process says so. */
export const heartbeatMs = 10_000

/** An owner that cannot be looked for is dead when it was silent this long. */
const silentMs = 60_000

const me: Owner = {
  host: hostname(),
  pid: process.pid,
  instance: randomUUID(),
  startedAt: startOf(process.pid),
  place: placeOfProcesses(),
}

/** Says in a folder whose it is. */
export async function sign(folder: string): Promise<void> {
  await writeFile(join(folder, ownerFile), JSON.stringify(me), { mode: 0o600 })
}

/** Says that the owner of a folder lives. Never rejects. */
export async function beat(folder: string, now: number): Promise<void> {
  await utimes(join(folder, ownerFile), now / 1_000, now / 1_000).catch(() => {})
}

/**
 * True where the owner of a folder is no more, or has given it away.
 *
 * Whoever can be looked for is alive as long as its process is, however long it is silent: its event loop may be blocked,
 * the machine may have slept, the clock may have been set.
 */
export async function isAbandoned(folder: string, now: number): Promise<boolean> {
  try {
    const file = join(folder, ownerFile)
    const { mtimeMs } = await lstat(file)
    const owner = JSON.parse(await readFile(file, 'utf8')) as Partial<Owner>
    if (owner.instance === me.instance) return false
    const isSilent = now - mtimeMs > silentMs
    if (me.place !== undefined && owner.place !== undefined) {
      if (owner.place !== me.place || typeof owner.pid !== 'number') return isSilent
      return owner.startedAt === undefined || startOf(owner.pid) !== owner.startedAt
    }
    // The number may be in use again, by ourselves for one.
    return isSilent || (owner.host === me.host && typeof owner.pid === 'number' && isGone(owner.pid))
  } catch (error) {
    // Nobody's: it was given away. What cannot be looked at is left alone.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError
  }
}

function isGone(pid: number): boolean {
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EPERM'
  }
}

/** When a process started; undefined where it is dead, or the system does not say: Linux alone does. */
function startOf(pid: number): string | undefined {
  try {
    // The name of the program comes second, in brackets, and may have spaces and brackets in it.
    const [state, ...rest] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return state === 'Z' ? undefined : rest[18]
  } catch {
    return undefined
  }
}

function placeOfProcesses(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}
