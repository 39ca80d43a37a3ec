import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { diagnostics } from '../diagnostics.ts'

/** Default of {@link LineWriterOptions.maxBufferedBytes}: 4 MiB. */
const defaultMaxBufferedBytes = 4 * 1_024 * 1_024

export interface LineWriterOptions {
  /** Bytes waiting in the stream above which {@link LineWriter.ready} waits for its reader. Default: 4 MiB. */
  readonly maxBufferedBytes?: number
}

/** What a wait for room in a stream came to: `stalled` when the signal aborted it. */
export type Readiness = 'ready' | 'closed' | 'stalled'

/** Writes lines to a stream that may be closed or read slowly by whoever is at its other end. */
export interface LineWriter {
  /** True once the reader is gone; lines written from then on are counted and dropped. */
  readonly closed: boolean
  /** Writes each line with its line end, all together. Never throws; lines must have no line end of their own. */
  readonly write: (lines: readonly string[]) => void
  /** Resolves when the stream has room or is closed, or, at the latest, when `signal` aborts. Never rejects. */
  readonly ready: (signal: AbortSignal) => Promise<Readiness>
  /** Resolves when the reader has taken all that was written, or is gone. Never rejects. */
  readonly drained: () => Promise<void>
}

interface StreamState {
  closed: boolean
}

/** Codes of errors after which nothing written to the stream can arrive any more. */
const finalCodes = new Set([
  'EPIPE',
  'ECONNRESET',
  'EBADF',
  'EOF',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])

const streams = new WeakMap<Writable, StreamState>()

/**
 * Makes a writer of lines to `stream`, `process.stdout` for one.
 *
 * A reader that goes away (`node app.js | head -1`) ends the output, not the process: it is said once, and every line
 * that did not arrive is counted as `stdout_closed_lines`, or as `stdout_failed_lines` after an error that may pass, a
 * full disk for one. Writers of the same stream share one `error` listener, which stays.
 */
export function createLineWriter(stream: Writable, options: LineWriterOptions = {}): LineWriter {
  const maxBufferedBytes = options.maxBufferedBytes ?? defaultMaxBufferedBytes
  const state = stateOf(stream)
  const isClosed = (): boolean => state.closed || stream.destroyed || stream.writableEnded

  const lost = (lines: number): void => {
    diagnostics.count(isClosed() ? 'stdout_closed_lines' : 'stdout_failed_lines', lines)
  }
  const write = (lines: readonly string[]): void => {
    if (lines.length === 0) return
    if (isClosed()) return lost(lines.length)
    try {
      stream.write(`${lines.join('\n')}\n`, (error) => {
        if (error === null || error === undefined) return
        note(state, error)
        lost(lines.length)
      })
    } catch (error) {
      note(state, error)
      lost(lines.length)
    }
  }
  const ready = async (signal: AbortSignal): Promise<Readiness> => {
    if (isClosed()) return 'closed'
    if (stream.writableLength < maxBufferedBytes) return 'ready'
    const waiting = new AbortController()
    const either = { signal: AbortSignal.any([signal, waiting.signal]) }
    try {
      await Promise.race([once(stream, 'drain', either), once(stream, 'close', either)])
    } catch {
      // aborted, or the stream failed: told apart below
    } finally {
      waiting.abort()
    }
    if (isClosed()) return 'closed'
    return stream.writableLength < maxBufferedBytes ? 'ready' : 'stalled'
  }
  return {
    get closed() {
      return isClosed()
    },
    write,
    ready,
    drained: () => new Promise((resolve) => (isClosed() ? resolve() : void stream.write('', () => resolve()))),
  }
}

function stateOf(stream: Writable): StreamState {
  const known = streams.get(stream)
  if (known !== undefined) return known
  const state: StreamState = { closed: false }
  streams.set(stream, state)
  // Without an `error` listener an EPIPE on stdout is an uncaught exception that ends the application. It may come after
  // the last write of ours returned, so the listener is never taken off; it does nothing but remember, and the
  // application's own writes and listeners work as before.
  stream.on('error', (error) => note(state, error))
  return state
}

function note(state: StreamState, error: unknown): void {
  const code = codeOf(error)
  state.closed ||= finalCodes.has(code)
  const fate = state.closed ? 'is closed' : 'cannot be written to'
  diagnostics.once(
    'warn',
    `the console's output ${fate} (${code}); what does not arrive is counted and dropped`,
    state.closed ? 'stdout_closed_lines' : 'stdout_failed_lines',
  )
}

function codeOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' ? code : 'unknown error'
}
