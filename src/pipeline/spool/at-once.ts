import { appendFileSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diagnostics } from '../../diagnostics.ts'
import { folderName, privateFolder } from './directory.ts'
import { doneFrame, requestFrame, requestFrameBytes, segmentHeader, type SpooledRequest } from './frames.ts'
import { type Segment, segmentName } from './segment.ts'

// What is done in the last moment of a process, when nothing can be waited for.

/** Milliseconds that a write under way is waited for. */
const mostLooks = 20

/** The newest requests that there is room for. */
export function newestWithin(requests: readonly SpooledRequest[], maxBytes: number): readonly SpooledRequest[] {
  let room = maxBytes - segmentHeader.length
  return requests.slice(requests.findLastIndex((request) => (room -= requestFrameBytes(request)) < 0) + 1)
}

/** Writes requests into a folder of their own inside `path`, which the next process takes over. */
export function writeAtOnce(path: string, requests: readonly SpooledRequest[]): void {
  privateFolder(path)
  const folder = join(path, folderName(String(Date.now())))
  mkdirSync(folder, { mode: 0o700 })
  const frames = requests.map((request, index) => requestFrame(index + 1, request))
  writeFileSync(join(folder, segmentName(1)), Buffer.concat([segmentHeader, ...frames]), { mode: 0o600, flag: 'wx' })
}

/** Notes in its file that a request is settled. */
export function settleAtOnce(segment: Segment, id: number): void {
  ignoringErrors(() => {
    if (isThere(segment)) appendFileSync(segment.path, doneFrame(id))
  })
}

/** Deletes the first of some files until the others and so many bytes more are within a limit; gives those that are gone. */
export function makeRoomAtOnce(segments: readonly Segment[], bytes: number, maxBytes: number): readonly Segment[] {
  const gone: Segment[] = []
  let sum = segments.reduce((all, { size }) => all + size, bytes)
  for (const segment of segments) {
    if (sum <= maxBytes) break
    sum -= segment.size
    gone.push(segment)
    ignoringErrors(() => {
      if (isThere(segment)) rmSync(segment.path)
    })
  }
  return gone
}

/** True when a file has so many bytes; that is a matter of microseconds, for which it waits. */
export function hasGrownTo(path: string, size: number): boolean {
  for (let looks = 0; looks < mostLooks; looks += 1) {
    if ((lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) >= size) return true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  }
  return false
}

function isThere({ path, ino }: Segment): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.ino === ino
}

function ignoringErrors(work: () => void): void {
  try {
    work()
  } catch {
    diagnostics.count('spool_errors')
  }
}
