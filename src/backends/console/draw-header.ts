import { serviceOf, shortId, type Who } from './facts.ts'
import { type Frame, rightOf } from './frame.ts'
import { compose, type Piece, spaced } from './layout.ts'
import { displayWidth } from './text.ts'
import { whoPieces } from './text-lines.ts'
import { durationText, timeOfDay } from './time.ts'
import { type TraceTree, walk } from './trace-tree.ts'

/** One line on a trace as a whole, or two where the tenant does not fit in. */
export function headerOf(tree: TraceTree, who: Who | undefined, frame: Frame): string[] {
  const { paint, scale } = frame
  const top = tree.tops[0]?.span
  const remote = top?.parentSpanContext?.isRemote === true ? `from ${shortId(top.parentSpanContext.spanId)}` : ''
  const title = spaced(
    ['faint', timeOfDay(scale.startMs)],
    ['note', top === undefined ? '' : serviceOf(top)],
    ['faint', shortId(tree.traceId)],
    ['faint', remote],
    ['warning', tree.state === 'complete' ? '' : tree.state],
  )
  const names = who === undefined ? [] : spaced(...whoPieces(who))
  const spans = [...walk(tree.tops)].length
  const count = spans === 1 ? '1 span' : `${spans} spans`
  const total = rightOf(frame, ['strong', durationText(scale.totalMs)], ['faint', count])
  const joined: Piece[] = names.length === 0 ? title : [...title, ['plain', '  '], ...names]
  if (widthOf(joined) <= frame.left) return [compose(paint, joined, frame.left, true) + total]
  const indent: Piece = [
    'plain',
    ' '.repeat(Math.max(2, Math.min(timeOfDay(0).length + 2, frame.whole - widthOf(names)))),
  ]
  return [compose(paint, title, frame.left, true) + total, compose(paint, [indent, ...names], frame.whole)]
}

function widthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, [, text]) => sum + displayWidth(text), 0)
}
