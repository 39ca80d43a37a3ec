import type { Painter, Style } from './painter.ts'
import { displayWidth, fit } from './text.ts'

/** A piece of a line in one style; its text is harmless already. */
export type Piece = readonly [style: Style, text: string]

/** The pieces side by side, cut to `width` columns; `pad` fills up what is left. */
export function compose(paint: Painter, pieces: readonly Piece[], width: number, pad = false): string {
  let line = ''
  let left = width
  for (const [style, text] of pieces) {
    if (left <= 0) break
    const shown = fit(text, left)
    line += paint(style, shown)
    left -= displayWidth(shown)
    if (shown !== text) break
  }
  return pad && left > 0 ? line + ' '.repeat(left) : line
}

/** Joins groups of pieces that are not empty, two spaces between them. */
export function spaced(...groups: readonly (Piece | undefined)[]): Piece[] {
  const pieces: Piece[] = []
  for (const piece of groups) {
    if (piece === undefined || piece[1] === '') continue
    if (pieces.length > 0) pieces.push(['plain', '  '])
    pieces.push(piece)
  }
  return pieces
}
