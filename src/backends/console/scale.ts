import { toMs } from './time.ts'
import { type TraceTree, walk } from './trace-tree.ts'

/** The stretch of time that a drawing covers. */
export interface Scale {
  readonly startMs: number
  readonly totalMs: number
}

/** From the first start to the last end of a tree's spans; of its log records where it has no spans. */
export function scaleOf({ tops, strayLogs }: TraceTree): Scale {
  let startMs = Number.POSITIVE_INFINITY
  let endMs = Number.NEGATIVE_INFINITY
  for (const { span } of walk(tops)) {
    startMs = Math.min(startMs, toMs(span.startTime))
    endMs = Math.max(endMs, toMs(span.endTime))
  }
  if (tops.length === 0) {
    for (const { hrTime } of strayLogs) {
      startMs = Math.min(startMs, toMs(hrTime))
      endMs = Math.max(endMs, toMs(hrTime))
    }
  }
  return { startMs, totalMs: Math.max(0, endMs - startMs) }
}

/** A bar of up to `width` columns at its place on the scale; what is shorter than half a column is a thin line. */
export function barOf(scale: Scale, fromMs: number, lengthMs: number, width: number): string {
  if (!(scale.totalMs > 0)) return '█'.repeat(width)
  const exact = (lengthMs / scale.totalMs) * width
  const cells = Math.min(width, Math.max(1, Math.round(exact)))
  const at = Math.min(cellOf(scale, fromMs, width), width - cells)
  return ' '.repeat(at) + (exact < 0.5 ? '▏' : '█'.repeat(cells))
}

/** A dot at the place of a moment on the scale. */
export function markOf(scale: Scale, atMs: number, width: number): string {
  return scale.totalMs > 0 ? `${' '.repeat(cellOf(scale, atMs, width))}·` : '·'
}

function cellOf({ startMs, totalMs }: Scale, atMs: number, width: number): number {
  const cell = Math.floor(((atMs - startMs) / totalMs) * width)
  return Math.min(width - 1, Math.max(0, Number.isNaN(cell) ? 0 : cell))
}
