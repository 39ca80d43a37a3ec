import { writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'

/** Milliseconds a log call may wait, once, for a reader that does not keep up. */
const maxWaitMs = 1_000
const waitStepMs = 5

/** Writes bytes to a descriptor and returns how many were taken; throws as `fs.writeSync` does. */
type Write = (data: string | Uint8Array) => number

const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * Makes a destination that writes lines at once and in order, and outlives its reader.
 *
 * Written synchronously, so that no line is lost at exit or in a crash. A closed pipe (EPIPE) ends the writing. A full
 * one is waited for, up to one second; then lines are dropped, without further waiting, until it takes one again. A
 * line that was begun is finished before the next. What is not written is counted (`stdout_lines_unwritten`) and said
 * once. Never throws.
 */
export function createLineDestination(write: Write, isOn: () => boolean = () => true): DestinationStream {
  let closed = false
  let stuck = false
  let rest: Uint8Array | undefined

  const writeWhole = (data: Uint8Array): void => {
    const deadline = stuck ? 0 : Date.now() + maxWaitMs
    for (rest = data; rest.length > 0;) {
      try {
        rest = rest.subarray(write(rest))
        stuck = false
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || Date.now() >= deadline) throw error
        Atomics.wait(pause, 0, 0, waitStepMs)
      }
    }
    rest = undefined
  }

  const lose = (error: unknown): void => {
    closed = codeOf(error) === 'EPIPE'
    stuck = codeOf(error) === 'EAGAIN'
    diagnostics.count('stdout_lines_unwritten')
    const why = closed ? 'it is closed' : stuck ? 'its reader does not keep up' : messageOf(error)
    diagnostics.once('warn', `log lines cannot be written to stdout: ${why}`, 'stdout_lines_unwritten')
  }

  return {
    write(line) {
      if (!isOn()) return
      if (closed) {
        diagnostics.count('stdout_lines_unwritten')
        return
      }
      try {
        // What is left of a line cut short comes first; until it is out, this one has not begun and can be dropped.
        if (rest !== undefined) writeWhole(rest)
      } catch (error) {
        lose(error)
        return
      }
      let written = 0
      try {
        written = write(line)
        stuck = false
        if (written === Buffer.byteLength(line)) return
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') {
          lose(error)
          return
        }
      }
      const bytes = Buffer.from(line)
      try {
        writeWhole(bytes.subarray(written))
      } catch (error) {
        // Nothing of it is out: dropped whole. Otherwise the rest is kept, to be written first.
        if (rest?.length === bytes.length) rest = undefined
        lose(error)
      }
    },
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined
}

/** Standard output, as pino finds it: the stream where something has replaced its `write`, otherwise the descriptor. */
export function createStdout(isOn: () => boolean): DestinationStream {
  let write: Write | undefined
  return createLineDestination((data) => {
    write ??= isReplaced(process.stdout) ? writeToStream : (bytes) => writeSync(1, bytes as string)
    return write(data)
  }, isOn)
}

function isReplaced(stream: NodeJS.WriteStream): boolean {
  return stream.write !== (stream.constructor.prototype as NodeJS.WriteStream).write
}

function writeToStream(data: string | Uint8Array): number {
  process.stdout.write(data)
  return Buffer.byteLength(data)
}
