import { appendFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'
import { adoptFolders, beat, claimFolder, folderName, heartbeatMs, leaveFolder, privateFolder } from './directory.ts'
import {
  doneFrame,
  type Indexed,
  requestFrame,
  requestFrameBytes,
  segmentHeader,
  type SpooledRequest,
} from './frames.ts'
import { Segment } from './segment.ts'

/** A request on disk. */
export interface SpoolEntry extends Indexed {
  readonly segment: Segment
}

export interface SpoolOptions {
  /** The folder of one backend and signal of one service; shared by its processes. */
  readonly path: string
  /** Most bytes on disk; past it the oldest file goes. */
  readonly maxBytes: number
  /** Told of requests that had to go for newer ones. */
  readonly onEvicted: (entries: readonly SpoolEntry[]) => void
  /** Told of requests that a process which is no more has left, oldest first. */
  readonly onAdopted: (entries: readonly SpoolEntry[]) => void
}

const mostSegmentBytes = 4 * 1_024 * 1_024
const adoptEveryMs = 60_000

/** Milliseconds, at the end of the process, for a write under way. */
const mostLooks = 20

/**
 * The requests of one backend and signal that are kept on disk: bounded, oldest first, and there after a restart.
 *
 * Files are this user's alone, in a folder for each process. A process takes over the folders of those that are dead, when it
 * starts and once a minute. What is written is in the hands of the operating system: it outlives the process, however that
 * ends, but not a power failure.
 */
export class Spool {
  readonly #options: SpoolOptions
  readonly #segmentBytes: number
  readonly #entries = new Map<Segment, SpoolEntry[]>()
  readonly #folders = new Set<string>()
  #active: Segment | undefined
  #folder: string | undefined
  #sequence = 0
  #turn: Promise<unknown> = Promise.resolve()
  #timers: NodeJS.Timeout[] = []
  /** The request that is being written, and the size of its file when it is. */
  #writing: { readonly request: SpooledRequest; readonly path: string; readonly size: number } | undefined
  readonly #settling = new Set<SpoolEntry>()
  #isEnded = false

  constructor(options: SpoolOptions) {
    this.#options = options
    this.#segmentBytes = Math.max(65_536, Math.min(mostSegmentBytes, Math.floor(options.maxBytes / 4)))
  }

  /** Takes over what is there. Rejects where the folder cannot be used, with what is wrong with it. */
  async start(): Promise<void> {
    this.#timers = [
      setInterval(() => void this.#inTurn(() => this.#adopt()).catch(() => {}), adoptEveryMs).unref(),
      setInterval(() => {
        for (const folder of this.#folders) void beat(folder, Date.now())
      }, heartbeatMs).unref(),
    ]
    await this.#inTurn(() => this.#adopt())
  }

  /** Bytes on disk. */
  get bytes(): number {
    let bytes = 0
    for (const segment of this.#entries.keys()) bytes += segment.size
    return bytes
  }

  /** Rejects where nothing can be written; then nothing is kept. */
  append(request: SpooledRequest): Promise<SpoolEntry> {
    return this.#inTurn(async () => {
      if (this.#isEnded) throw new Error('the process has ended')
      const segment = await this.#writable(request.body.length)
      this.#writing = { request, path: segment.path, size: segment.size + requestFrameBytes(request) }
      try {
        const entry = { ...(await segment.append(request)), segment }
        this.#entries.get(segment)?.push(entry)
        return entry
      } finally {
        this.#writing = undefined
      }
    })
  }

  /**
   * Writes requests at once, into a folder of their own that the next process takes over; for the last moment of a
   * process. Of more than there is room for the newest. What was to be written or noted as settled later never is.
   * Throws where it cannot be written.
   */
  appendNow(requests: readonly SpooledRequest[]): readonly SpooledRequest[] {
    this.#isEnded = true
    const left = requests.filter(({ body }) => body !== this.#writing?.request.body || !this.#isWritten())
    let room = this.#options.maxBytes
    const first = left.findLastIndex(({ body }) => (room -= body.length + 100) < 0) + 1
    const frames = left.slice(first).map((request, index) => requestFrame(index + 1, request))
    this.#settleNow()
    const kept = requests.filter((request) => !left.includes(request) || left.indexOf(request) >= first)
    if (frames.length === 0) return kept
    privateFolder(this.#options.path)
    const folder = join(this.#options.path, folderName(String(Date.now())))
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(join(folder, segmentName(1)), Buffer.concat([segmentHeader, ...frames]), { mode: 0o600, flag: 'wx' })
    return kept
  }

  /** The body of a request; undefined where it is not on disk any more as it was written. */
  read(entry: SpoolEntry): Promise<Uint8Array | undefined> {
    return this.#inTurn(() => entry.segment.read(entry)).catch(() => undefined)
  }

  /** Forgets a request: it is delivered, or never will be. Never rejects. */
  async settle(entry: SpoolEntry): Promise<void> {
    // What is on disk at the end is the next process's.
    if (this.#isEnded) return
    this.#settling.add(entry)
    return this.#inTurn(async () => {
      if (!this.#settling.has(entry)) return
      const { segment } = entry
      const entries = this.#entries.get(segment)
      if (entries === undefined) return
      this.#entries.set(
        segment,
        entries.filter(({ id }) => id !== entry.id),
      )
      await segment.settle(entry.id)
      if (segment.openCount === 0) await this.#delete(segment)
    })
      .catch(() => diagnostics.count('spool_errors'))
      .finally(() => this.#settling.delete(entry))
  }

  /** Resolves when everything asked for so far is done. Never rejects. */
  async idle(): Promise<void> {
    await this.#turn
  }

  /** Leaves what is on disk to the next process. Never rejects. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#inTurn(async () => {
      for (const segment of this.#entries.keys()) await segment.close()
      this.#entries.clear()
      for (const folder of this.#folders) await leaveFolder(folder)
    }).catch(() => diagnostics.count('spool_errors'))
  }

  #settleNow(): void {
    for (const { segment, id } of this.#settling) {
      try {
        if (existsSync(segment.path)) appendFileSync(segment.path, doneFrame(id))
      } catch {
        diagnostics.count('spool_errors')
      }
    }
    this.#settling.clear()
  }

  /** True when what is being written is in its file; that is a matter of microseconds, for which it waits. */
  #isWritten(): boolean {
    const { path, size } = this.#writing ?? { path: '', size: 0 }
    for (let tries = 0; tries < mostLooks; tries += 1) {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= size) return true
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
    return false
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  async #writable(size: number): Promise<Segment> {
    while (this.bytes + size > this.#options.maxBytes && this.#entries.size > 0) await this.#evict()
    if (this.#active !== undefined && this.#active.size + size <= this.#segmentBytes) return this.#active
    if (this.#folder === undefined) {
      privateFolder(this.#options.path)
      this.#folder = await claimFolder(this.#options.path)
      this.#folders.add(this.#folder)
    }
    this.#sequence += 1
    const segment = await Segment.create(join(this.#folder, segmentName(this.#sequence)))
    this.#active = segment
    this.#entries.set(segment, [])
    return segment
  }

  async #evict(): Promise<void> {
    const [[segment, entries]] = this.#entries as unknown as [[Segment, SpoolEntry[]]]
    await this.#delete(segment)
    this.#options.onEvicted(entries)
  }

  async #delete(segment: Segment): Promise<void> {
    this.#entries.delete(segment)
    if (this.#active === segment) this.#active = undefined
    await segment.delete()
  }

  async #adopt(): Promise<void> {
    if (!existsSync(this.#options.path)) return
    privateFolder(this.#options.path)
    const adopted = new Map<Segment, SpoolEntry[]>()
    for (const folder of await adoptFolders(this.#options.path, Date.now())) {
      this.#folders.add(folder)
      for (const name of (await readdir(folder)).filter((each) => each.endsWith('.seg')).sort()) {
        await adoptSegment(join(folder, name), adopted)
      }
    }
    if (adopted.size === 0) return
    // Older than what is written from now on: it comes first, also where something has to go.
    const own = [...this.#entries]
    this.#entries.clear()
    for (const [segment, entries] of [...adopted, ...own]) this.#entries.set(segment, entries)
    this.#options.onAdopted([...adopted.values()].flat())
  }
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

function segmentName(sequence: number): string {
  return `${String(sequence).padStart(8, '0')}.seg`
}
