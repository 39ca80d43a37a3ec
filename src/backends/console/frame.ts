import { compose, type Piece } from './layout.ts'
import type { Painter } from './painter.ts'
import type { Scale } from './scale.ts'

const durationWidth = 8

/** The columns of a drawing: text at the left, then a duration, then a bar. */
export interface Frame {
  readonly left: number
  readonly bar: number
  /** All of them together. */
  readonly whole: number
  readonly scale: Scale
  readonly paint: Painter
}

/** Divides a terminal of 60 to 160 columns; the last one stays free, as some terminals wrap at it. */
export function frameOf(columns: number, scale: Scale, paint: Painter): Frame {
  const whole = Math.min(160, Math.max(60, Math.floor(columns))) - 1
  const bar = Math.max(10, Math.floor(whole / 5))
  return { left: whole - durationWidth - bar - 2, bar, whole, scale, paint }
}

/** The two columns at the right: a duration, and what is drawn on the scale. */
export function rightOf({ paint, bar }: Frame, [style, duration]: Piece, drawn: Piece): string {
  const trimmed: Piece = [drawn[0], drawn[1].trimEnd()]
  const gap = trimmed[1] === '' ? '' : '  '
  return paint(style, duration.padStart(durationWidth)) + gap + compose(paint, [trimmed], bar)
}
