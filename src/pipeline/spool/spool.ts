import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { diagnostics } from '../../diagnostics.ts'
import { adoptAll, type SpoolEntry } from './adoption.ts'
import { hasGrownTo, makeRoomAtOnce, newestWithin, settleAtOnce, writeAtOnce } from './at-once.ts'
import { claimFolder, isTakenOver, leaveFolder, privateFolder } from './directory.ts'
import { requestFrameBytes, type SpooledRequest } from './frames.ts'
import { beat, heartbeatMs } from './owner.ts'
import { isGone, Segment, segmentName } from './segment.ts'

export type { SpoolEntry } from './adoption.ts'

export interface SpoolOptions {
  /** The folder of one backend and signal of one service; shared by its processes. */
  readonly path: string
  /** Most bytes on disk of one process, with what it has taken over; past it the oldest file goes. */
  readonly maxBytes: number
  /** Told of requests that had to go for newer ones. */
  readonly onEvicted: (entries: readonly SpoolEntry[]) => void
  /** Told of requests that a process which is no more has left, oldest first. */
  readonly onAdopted: (entries: readonly SpoolEntry[]) => void
  /** Told of requests that another process has taken over, as it held this one for dead: they are its to deliver. */
  readonly onTakenOver: (entries: readonly SpoolEntry[]) => void
}

const mostSegmentBytes = 4 * 1_024 * 1_024
const adoptEveryMs = 60_000

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
    return this.#inTurn(() =>
      this.#append(request).catch(async (error: unknown) => {
        if (!isGone(error)) throw error
        await this.#leaveWhatIsGone()
        return this.#append(request)
      }),
    )
  }

  /**
   * Writes requests at once, into a folder of their own that the next process takes over; for the last moment of a
   * process. Gives those that are on disk then: of more than there is room for the newest. What was to be written or
   * noted as settled later never is. Throws where it cannot be written.
   */
  appendNow(requests: readonly SpooledRequest[]): readonly SpooledRequest[] {
    this.#isEnded = true
    const { request: writing, path = '', size = 0 } = this.#writing ?? {}
    const written = requests.filter(({ body }) => body === writing?.body && hasGrownTo(path, size))
    for (const { segment, id } of this.#settling) settleAtOnce(segment, id)
    this.#settling.clear()
    const { maxBytes } = this.#options
    const unwritten = requests.filter((request) => !written.includes(request))
    // The file that was being written stays, with what it has in it by then.
    const staying = written.length === 0 ? 0 : size
    const left = newestWithin(unwritten, maxBytes - staying)
    if (left.length === 0) return written
    const bytes = left.reduce((sum, request) => sum + requestFrameBytes(request), staying)
    const others = [...this.#entries.keys()].filter((segment) => staying === 0 || segment.path !== path)
    for (const segment of makeRoomAtOnce(others, bytes, maxBytes)) {
      this.#options.onEvicted(this.#entries.get(segment) ?? [])
      this.#entries.delete(segment)
    }
    writeAtOnce(this.#options.path, left)
    return [...written, ...left]
  }

  /** The body of a request; undefined where it is not on disk any more as it was written. */
  read(entry: SpoolEntry): Promise<Uint8Array | undefined> {
    return this.#inTurn(async () => {
      try {
        return await entry.segment.read(entry)
      } catch (error) {
        if (isGone(error)) await this.#leaveWhatIsGone()
        return undefined
      }
    })
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
      .catch((error: unknown) => {
        if (!isGone(error)) diagnostics.count('spool_errors')
      })
      .finally(() => this.#settling.delete(entry))
  }

  /** Resolves when all is done that was asked for, and what was settled meanwhile is noted as settled. Never rejects. */
  async caughtUp(): Promise<void> {
    await this.#turn
    await this.#turn
  }

  /** Resolves when nothing is left to do, also of what was asked for meanwhile. Never rejects. */
  async idle(): Promise<void> {
    for (let last; last !== this.#turn; await last) last = this.#turn
  }

  /** Leaves what is on disk to the next process. Never rejects. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#inTurn(async () => {
      await this.#active?.close()
      this.#entries.clear()
      for (const folder of this.#folders) await leaveFolder(folder)
    }).catch(() => diagnostics.count('spool_errors'))
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  async #append(request: SpooledRequest): Promise<SpoolEntry> {
    const segment = this.#isEnded ? undefined : await this.#writable(request.body.length)
    if (segment === undefined || this.#isEnded) throw new Error('the process has ended')
    this.#writing = { request, path: segment.path, size: segment.size + requestFrameBytes(request) }
    try {
      const entry = { ...(await segment.append(request)), segment }
      this.#entries.get(segment)?.push(entry)
      return entry
    } finally {
      this.#writing = undefined
    }
  }

  async #writable(size: number): Promise<Segment> {
    while (this.bytes + size > this.#options.maxBytes && this.#entries.size > 0) await this.#evict()
    if (this.#active !== undefined && this.#active.size + size <= this.#segmentBytes) return this.#active
    await this.#active?.close()
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

  /** Makes the next one in another folder, and leaves what another process took over to it. */
  async #leaveWhatIsGone(): Promise<void> {
    const taken: SpoolEntry[] = []
    for (const [segment, entries] of this.#entries) {
      if (existsSync(segment.path)) continue
      if (segment === this.#active) this.#active = undefined
      await segment.close()
      if (!(await isTakenOver(segment.path, segment.ino))) continue
      this.#entries.delete(segment)
      taken.push(...entries)
    }
    for (const folder of this.#folders) if (!existsSync(folder)) this.#folders.delete(folder)
    if (this.#folder !== undefined && !this.#folders.has(this.#folder)) this.#folder = undefined
    if (taken.length > 0) this.#options.onTakenOver(taken)
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
    const folder = dirname(segment.path)
    if (folder !== this.#folder) await this.#leaveIfEmpty(folder)
  }

  async #leaveIfEmpty(folder: string): Promise<void> {
    for (const { path } of this.#entries.keys()) if (dirname(path) === folder) return
    this.#folders.delete(folder)
    await leaveFolder(folder)
  }

  async #adopt(): Promise<void> {
    const { folders, segments } = await adoptAll(this.#options.path)
    if (segments.size === 0) return
    for (const folder of folders) this.#folders.add(folder)
    // Older than what is written from now on: it comes first, also where something has to go.
    const own = [...this.#entries]
    this.#entries.clear()
    for (const [segment, entries] of [...segments, ...own]) this.#entries.set(segment, entries)
    this.#options.onAdopted([...segments.values()].flat())
    while (this.bytes > this.#options.maxBytes && this.#entries.size > 1) await this.#evict()
  }
}
