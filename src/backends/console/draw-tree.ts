import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { headerOf } from './draw-header.ts'
import { detailsOf, errorsOf, exceptionOf, levelOf, messageOf, nameOf, type Who, whoOf } from './facts.ts'
import { type Frame, frameOf, rightOf } from './frame.ts'
import { compose, type Piece, spaced } from './layout.ts'
import { levelStyle, type Painter } from './painter.ts'
import { displayWidth } from './text.ts'
import { stateOf, whoPieces } from './text-lines.ts'
import { durationText, toMs } from './time.ts'
import { barOf, markOf, scaleOf } from './scale.ts'
import type { SpanNode, TraceTree } from './trace-tree.ts'

export interface Canvas {
  /** Columns of the terminal; drawn is within 60 to 160 of them. */
  readonly columns: number
  readonly paint: Painter
}

/** Most attributes shown of one log record, and most characters of a value. */
const maxDetails = 4
const maxDetailLength = 32

/** What stands inside a span, in the order in which it is drawn. */
type Entry =
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'log'; readonly atMs: number; readonly record: ReadableLogRecord }
  | { readonly kind: 'span'; readonly atMs: number; readonly node: SpanNode }

interface Placed {
  readonly entry: Entry
  readonly prefix: string
  readonly branch: string
  readonly below: string
  readonly known: Who | undefined
}

/** A trace as lines of a terminal: a header, then a line per span and log record, then an empty line. */
export function drawTree(tree: TraceTree, { columns, paint }: Canvas): string[] {
  const frame = frameOf(columns, scaleOf(tree), paint)
  const first = tree.tops[0]
  const known = first === undefined ? undefined : whoOf(first.span.attributes)
  const lines = headerOf(tree, known, frame)
  const waiting = placed(
    entriesOf({ children: tree.tops, logs: tree.strayLogs, errors: [] }),
    '',
    known,
    true,
  ).reverse()
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    lines.push(...drawEntry(place, frame))
    if (place.entry.kind !== 'span') continue
    const { span, children, logs } = place.entry.node
    const inside = entriesOf({ children, logs, errors: errorsOf(span) })
    // Past half of the width a deeper level is drawn like its parent's: the names are worth more than the depth.
    const prefix = displayWidth(place.below) > frame.left / 2 ? place.prefix : place.below
    waiting.push(...placed(inside, prefix, insideOf(whoOf(span.attributes), place.known)).reverse())
  }
  return [...lines, '']
}

function entriesOf(parts: {
  readonly children: readonly SpanNode[]
  readonly logs: readonly ReadableLogRecord[]
  readonly errors: readonly string[]
}): Entry[] {
  const inTime = [
    ...parts.logs.map((record) => ({ kind: 'log' as const, atMs: toMs(record.hrTime), record })),
    ...parts.children.map((node) => ({ kind: 'span' as const, atMs: toMs(node.span.startTime), node })),
  ].sort((a, b) => a.atMs - b.atMs)
  return [...parts.errors.map((text) => ({ kind: 'error' as const, text })), ...inTime]
}

function placed(entries: readonly Entry[], prefix: string, known: Who | undefined, isTop = false): Placed[] {
  const lastSpan = entries.findLastIndex(({ kind }) => kind === 'span')
  return entries.map((entry, index) => {
    if (isTop) return { entry, prefix, branch: '', below: '', known }
    const rest = index < lastSpan ? '│  ' : '   '
    const branch = entry.kind !== 'span' ? rest : index === lastSpan ? '└─ ' : '├─ '
    return { entry, prefix, branch, below: prefix + rest, known }
  })
}

function drawEntry({ entry, prefix, branch, known }: Placed, frame: Frame): string[] {
  const { paint, scale, bar, left, whole } = frame
  const guide: Piece = ['faint', prefix + branch]
  if (entry.kind === 'error') return [compose(paint, [guide, ['bad', `✗ ${entry.text}`]], whole)]
  if (entry.kind === 'log') {
    const pieces = [guide, ...logPieces(entry.record, known)]
    const right = rightOf(
      frame,
      ['faint', `+${durationText(entry.atMs - scale.startMs)}`],
      ['faint', markOf(scale, entry.atMs, bar)],
    )
    const exception = exceptionOf(entry.record.attributes)
    const line = compose(paint, pieces, left, true) + right
    return exception === undefined ? [line] : [line, compose(paint, [guide, ['bad', `✗ ${exception}`]], whole)]
  }
  const { span } = entry.node
  const failed = span.status.code === SpanStatusCode.ERROR
  const who = whoPieces(whoOf(span.attributes), known)
  const name: Piece = [failed ? 'bad' : 'strong', nameOf(span)]
  const pieces = [guide, ...spaced(name, ...stateOf(span), ...who)]
  const fromMs = toMs(span.startTime)
  const lengthMs = toMs(span.duration)
  const drawn = barOf(scale, fromMs, lengthMs, bar)
  const right = rightOf(frame, ['plain', durationText(lengthMs)], [failed ? 'bad' : 'note', drawn])
  return [compose(paint, pieces, left, true) + right]
}

function logPieces(record: ReadableLogRecord, known: Who | undefined): Piece[] {
  const who = whoOf(record.attributes)
  return spaced(
    [levelStyle(record.severityNumber), levelOf(record).padEnd(5)],
    ['plain', messageOf(record)],
    ['faint', detailsOf(record.attributes, maxDetails, maxDetailLength).join(' ')],
    ...whoPieces(who, known),
  )
}

/** Who the work inside a span is known to be for: what the span does not say is as above it. */
function insideOf(who: Who, known: Who | undefined): Who {
  return { tenant: who.tenant ?? known?.tenant, app: who.app ?? known?.app, user: who.user ?? known?.user }
}
