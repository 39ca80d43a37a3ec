import { constants } from 'node:fs'
import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
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

/** One file of requests, to which is only ever added; it is deleted when all of them are settled. Calls must not overlap. */
export class Segment {
  readonly path: string
  readonly #file: FileHandle
  readonly #open = new Set<number>()
  #size: number
  #nextId: number

  private constructor(path: string, file: FileHandle, size: number, nextId: number) {
    this.path = path
    this.#file = file
    this.#size = size
    this.#nextId = nextId
  }

  /** Makes the file, for its owner alone. Rejects where there is one already. */
  static async create(path: string): Promise<Segment> {
    const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    await file.write(segmentHeader)
    return new Segment(path, file, segmentHeader.length, 1)
  }

  /**
   * Opens a file that another process has left, and gives what is in it; what was torn off its end is cut away.
   *
   * No segment where it is none, or one with nothing left in it: then it is deleted.
   */
  static async adopt(path: string): Promise<Adopted> {
    const content = readSegment(await readFile(path))
    const { open: entries = [], damaged = 1 } = content ?? {}
    if (content === undefined || entries.length === 0) {
      await rm(path, { force: true })
      return { segment: undefined, entries, damaged }
    }
    const file = await open(path, O_RDWR | O_APPEND | O_NOFOLLOW)
    await file.truncate(content.wholeBytes)
    const segment = new Segment(path, file, content.wholeBytes, content.nextId)
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
    const offset = this.#size
    await this.#write(frame)
    this.#nextId += 1
    this.#open.add(id)
    const { count, closedAtMs, compression } = request
    return { id, offset, length: frame.length, count, closedAtMs, compression }
  }

  /** The body of a request; undefined where it cannot be read as it was written. */
  async read({ offset, length }: Indexed): Promise<Uint8Array | undefined> {
    const frame = Buffer.allocUnsafe(length)
    const { bytesRead } = await this.#file.read(frame, 0, length, offset)
    return bytesRead === length ? bodyOf(frame) : undefined
  }

  /** Notes that a request is settled. */
  async settle(id: number): Promise<void> {
    if (!this.#open.delete(id) || this.#open.size === 0) return
    await this.#write(doneFrame(id))
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async delete(): Promise<void> {
    await this.#file.close()
    await rm(this.path, { force: true })
  }

  async #write(frame: Buffer): Promise<void> {
    // What has been deleted under us takes what is written, and nobody will ever read it.
    if ((await this.#file.stat()).nlink === 0) throw new Error('the file has been deleted')
    let written = 0
    try {
      while (written < frame.length) written += (await this.#file.write(frame, written)).bytesWritten
    } catch (error) {
      if (written > 0) await this.#file.truncate(this.#size)
      throw error
    }
    this.#size += frame.length
  }
}
