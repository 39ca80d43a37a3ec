import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Writable } from 'node:stream'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { diagnostics } from '../../diagnostics.ts'
import { messageOf } from '../../errors.ts'
import { createLineWriter } from '../../transport/line-writer.ts'
import type { Backend, Batch, Outcome } from '../backend.ts'
import { drawTree } from './draw-tree.ts'
import { logJson, spanJson } from './json-lines.ts'
import { createPainter, takesColor } from './painter.ts'
import { logLine, spanLine } from './text-lines.ts'
import { type BufferLimits, createTraceBuffer, type Drawing } from './trace-buffer.ts'
import type { TraceTree } from './trace-tree.ts'

/** How the console backend writes: trees of finished traces, lines for people, or lines of JSON. */
export type ConsoleFormat = 'tree' | 'lines' | 'json'

/** Defaults of the bounds of what waits to be drawn. */
export const defaultLimits: BufferLimits = Object.freeze({
  maxTraces: 1_000,
  maxTraceItems: 1_000,
  maxItems: 20_000,
  maxAgeMs: 30_000,
})

export interface ConsoleBackendOptions extends Partial<BufferLimits> {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  /** Default: `tree` on a terminal, else `json`. */
  readonly format?: ConsoleFormat | undefined
  /** Default: where the stream is a terminal with colours, `NO_COLOR` and `FORCE_COLOR` honoured; JSON never has any. */
  readonly color?: boolean
  /** Columns to draw in. Default: those of the terminal at that moment, or 100. */
  readonly columns?: number
  /** The time in milliseconds since the epoch. */
  readonly clock?: () => number
}

/** Draws one batch; the tree format keeps spans and log records until a trace can be drawn. */
interface Form {
  take(batch: Batch): void
  /** Draws what waits; nothing does in a form of lines. */
  drawAll(): void
  close(): void
}

/**
 * Makes a backend that writes to a stream of text.
 *
 * A closed stream rejects what is delivered (`stdout_closed`); one that is read too slowly asks for a retry before
 * anything of the batch is written, so that no line comes twice.
 */
export function createConsoleBackend(options: ConsoleBackendOptions): Backend {
  const { stream } = options
  const writer = createLineWriter(stream)
  const format = options.format ?? (stream.isTTY === true ? 'tree' : 'json')
  const form = format === 'tree' ? treeForm(options, writer.write) : lineForm(format, options, writer.write)
  const closed: Outcome = { kind: 'rejected', reason: 'stdout_closed', message: 'nobody reads the output any more' }

  const deliver = async (batch: Batch, signal: AbortSignal): Promise<Outcome> => {
    const readiness = await writer.ready(signal)
    if (readiness === 'closed') return closed
    if (readiness === 'stalled') {
      return { kind: 'retry', reason: 'stdout_stalled', message: 'the output is not being read' }
    }
    form.take(batch)
    // A write into a closed pipe fails a moment later: the batch during which it closed is counted too.
    await nextTurn()
    return writer.closed ? closed : { kind: 'delivered' }
  }
  return {
    deliver,
    deliverAtExit: (batch) => {
      if (writer.closed) return closed
      form.take(batch)
      form.drawAll()
      return { kind: 'delivered' }
    },
    check: async () => (writer.closed ? closed : { kind: 'delivered' }),
    flush: () => {
      form.drawAll()
      return writer.drained()
    },
    close: () => {
      form.drawAll()
      form.close()
      return writer.drained()
    },
  }
}

function lineForm(
  format: 'lines' | 'json',
  { stream, color }: ConsoleBackendOptions,
  write: (lines: readonly string[]) => void,
): Form {
  const paint = createPainter(format === 'lines' && (color ?? takesColor(stream)))
  return {
    take: (batch) => {
      if (batch.signal === 'traces') {
        write(batch.spans.flatMap(safely((span) => [format === 'json' ? spanJson(span) : spanLine(span, paint)])))
      } else {
        write(batch.records.flatMap(safely((record) => [format === 'json' ? logJson(record) : logLine(record, paint)])))
      }
    },
    drawAll: () => {},
    close: () => {},
  }
}

/** Where the terminal does not say how wide it is, or says 0. */
const defaultColumns = 100

function treeForm(options: ConsoleBackendOptions, write: (lines: readonly string[]) => void): Form {
  const { stream } = options
  const paint = createPainter(options.color ?? takesColor(stream))
  const clock = options.clock ?? (() => Date.now())
  const pending: string[] = []
  const linesOfTree = safely((tree: TraceTree) =>
    drawTree(tree, { columns: options.columns ?? (stream.columns || defaultColumns), paint }),
  )
  const linesOfLog = safely((record: ReadableLogRecord) => [logLine(record, paint)])
  const drawing: Drawing = {
    tree: (tree) => pending.push(...linesOfTree(tree)),
    log: (record) => pending.push(...linesOfLog(record)),
  }
  const buffer = createTraceBuffer({ ...defaultLimits, ...options }, drawing, clock)
  let timer: NodeJS.Timeout | undefined

  const draw = (): void => {
    clearTimeout(timer)
    const nextMs = buffer.drawDue()
    write(pending.splice(0))
    timer = nextMs === undefined ? undefined : setTimeout(draw, nextMs).unref()
  }
  const drawAll = (): void => {
    clearTimeout(timer)
    buffer.drawAll()
    write(pending.splice(0))
  }
  // A process that ends without closing us (`process.exit`, a crash) still shows what waited.
  process.on('exit', drawAll)
  return {
    take: (batch) => {
      if (batch.signal === 'traces') buffer.addSpans(batch.spans)
      else buffer.addLogs(batch.records)
      draw()
    },
    drawAll,
    close: () => process.off('exit', drawAll),
  }
}

/** Lines of an item, or none where its values cannot be read: that harms no other item, and is counted and said. */
function safely<Item>(linesOf: (item: Item) => string[]): (item: Item) => string[] {
  return (item) => {
    try {
      return linesOf(item)
    } catch (error) {
      diagnostics.count('console_undrawable')
      diagnostics.once('warn', `the console cannot show an item: ${messageOf(error)}`, 'console_undrawable')
      return []
    }
  }
}
