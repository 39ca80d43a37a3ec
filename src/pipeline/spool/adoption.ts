import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'
import { adoptFolders, leaveFolder, privateFolder } from './directory.ts'
import type { Indexed } from './frames.ts'
import { Segment } from './segment.ts'

/** A request on disk. */
export interface SpoolEntry extends Indexed {
  readonly segment: Segment
}

/** What processes that are no more have left, oldest first. */
export interface Adoption {
  readonly folders: readonly string[]
  readonly segments: ReadonlyMap<Segment, SpoolEntry[]>
}

/** Takes over what is there. Rejects where the folder cannot be used, with what is wrong with it. */
export async function adoptAll(path: string): Promise<Adoption> {
  const folders: string[] = []
  const segments = new Map<Segment, SpoolEntry[]>()
  if (!existsSync(path)) return { folders, segments }
  privateFolder(path)
  for (const folder of await adoptFolders(path, Date.now())) {
    const before = segments.size
    const names = (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort()
    for (const name of names) await adoptSegment(join(folder, name), segments)
    if (segments.size > before) folders.push(folder)
    else await leaveFolder(folder)
  }
  return { folders, segments }
}

async function adoptSegment(path: string, into: Map<Segment, SpoolEntry[]>): Promise<void> {
  try {
    const { segment, entries, damaged } = await Segment.adopt(path)
    if (damaged > 0) diagnostics.count('spool_frames_damaged', damaged)
    if (segment === undefined) return
    into.set(
      segment,
      entries.map((entry) => ({ ...entry, segment })),
    )
  } catch (error) {
    diagnostics.count('spool_errors')
    diagnostics.once('warn', `a file of the spool cannot be read: ${messageOf(error)}`, 'spool_errors')
  }
}
