import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readFile, rm, truncate } from 'node:fs/promises'
import {
  bodyOf,
  doneFrame,
  type Indexed,
  readSegment,
  requestFrame,
  segmentHeader,
  type SpooledRequest,
} from './frames.ts'

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants

/** Windows has no such flag. */
const O_NOFOLLOW = (constants as { readonly O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0

/** What was found in a file. */
export interface Adopted {
  readonly segment: Segment | undefined
  readonly entries: readonly Indexed[]
  /** Places in it that cannot be read. */
  readonly damaged: number
}

/** The file is not where it was: deleted, or taken over by another process. */
class SegmentGoneError extends Error {
  constructor(path: string) {
    super(`${path} is not there any more`)
    this.name = 'SegmentGoneError'
  }
}

/** True where a file is gone, or the folder for it. */
export function isGone(error: unknown): boolean {
  return error instanceof SegmentGoneError || (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/**
 * One file of requests, to which is only ever added; it is deleted when all of them are settled. Calls must not overlap.
 *
 * It is open while it is written to, and otherwise only as long as it is read: there may be thousands of them.
 */
export class Segment {
  readonly path: string
  readonly ino: number
  readonly #open = new Set<number>()
  #file: FileHandle | undefined
  #size: number
  #nextId: number

  private constructor(path: string, ino: number, size: number, nextId: number, file?: FileHandle) {
    this.path = path
    this.ino = ino
    this.#file = file
    this.#size = size
    this.#nextId = nextId
  }

  /** Makes the file, for its owner alone. Rejects where there is one already. */
  static async create(path: string): Promise<Segment> {
    const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    try {
      await file.write(segmentHeader)
      return new Segment(path, (await file.stat()).ino, segmentHeader.length, 1, file)
    } catch (error) {
      await file.close()
      await rm(path, { force: true })
      throw error
    }
  }

  /**
   * Gives what is in a file that another process has left; what was torn off its end is cut away.
   *
   * No segment where it is none, or one with nothing left in it: then it is deleted.
   */
  static async adopt(path: string): Promise<Adopted> {
    const { ino } = await lstat(path)
    const content = readSegment(await readFile(path))
    const { open: entries = [], damaged = 1 } = content ?? {}
    if (content === undefined || entries.length === 0) {
      await rm(path, { force: true })
      return { segment: undefined, entries, damaged }
    }
    await truncate(path, content.wholeBytes)
    const segment = new Segment(path, ino, content.wholeBytes, content.nextId)
    for (const { id } of entries) segment.#open.add(id)
    return { segment, entries, damaged }
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#size
  }

  /** Requests in it that are not settled. */
  get openCount(): number {
    return this.#open.size
  }

  /** Rejects, with nothing added, where it cannot be written: the disk is full, the file is gone. */
  async append(request: SpooledRequest): Promise<Indexed> {
    const id = this.#nextId
    const frame = requestFrame(id, request)
    const offset = await this.#with((file) => this.#write(file, frame))
    this.#nextId += 1
    this.#open.add(id)
    const { count, closedAtMs, compression } = request
    return { id, offset, length: frame.length, count, closedAtMs, compression }
  }

  /** The body of a request; undefined where it cannot be read as it was written. Rejects where the file is gone. */
  async read({ offset, length }: Indexed): Promise<Uint8Array | undefined> {
    const frame = Buffer.allocUnsafe(length)
    const { bytesRead } = await this.#with((file) => file.read(frame, 0, length, offset))
    return bytesRead === length ? bodyOf(frame) : undefined
  }

  /** Notes that a request is settled. */
  async settle(id: number): Promise<void> {
    if (!this.#open.delete(id) || this.#open.size === 0) return
    await this.#with((file) => this.#write(file, doneFrame(id)))
  }

  /** Nothing more will be added. */
  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  async delete(): Promise<void> {
    await this.close()
    if (await this.#isThere()) await rm(this.path, { force: true })
  }

  async #isThere(): Promise<boolean> {
    return (await lstat(this.path).catch(() => undefined))?.ino === this.ino
  }

  /** What was deleted under us takes what is written, and what was taken over is another process's to read and to add to. */
  async #with<Result>(work: (file: FileHandle) => Promise<Result>): Promise<Result> {
    if (!(await this.#isThere())) throw new SegmentGoneError(this.path)
    if (this.#file !== undefined) return work(this.#file)
    const file = await open(this.path, O_RDWR | O_APPEND | O_NOFOLLOW)
    try {
      return await work(file)
    } finally {
      await file.close()
    }
  }

  /** Resolves with where the frame is. */
  async #write(file: FileHandle, frame: Buffer): Promise<number> {
    const { size } = await file.stat()
    let written = 0
    try {
      while (written < frame.length) written += (await file.write(frame, written)).bytesWritten
    } catch (error) {
      if (written > 0) await file.truncate(size)
      throw error
    }
    this.#size = size + frame.length
    return size
  }
}

export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(8, '0')}.seg`
}
