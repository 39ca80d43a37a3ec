import { stripVTControlCharacters } from 'node:util'

/** Most characters of one text that are looked at; what follows is cut off. */
const maxTextLength = 2_000

/** C0, DEL and C1 controls, which terminals act on, and characters that reorder, hide or break what a reader sees. */
export const invisible: RegExp =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu
const escapeStart = /[\u001b\u009b]/
const printableAscii = /^[\u0020-\u007e]*$/
// Characters of one column each, those of the drawing included, so that most texts need no segmentation.
const narrow = /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u017f\u2026\u2500-\u259f\u2713\u2717]*$/
const wide =
  /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u
const combining = /^[\p{Mark}\u200c\u200d]+$/u

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * The text as one harmless line: colours of its own are removed, every other control, bidirectional or invisible
 * character is written out (`\n`, `\x07`, `\u202e`), so that nothing in it can move the cursor or forge a line.
 */
export function visible(text: string, maxLength: number = maxTextLength): string {
  if (text.length <= maxLength && printableAscii.test(text)) return text
  const cut = text.length > maxLength ? `${text.slice(0, maxLength).toWellFormed()}…` : text.toWellFormed()
  const plain = escapeStart.test(cut) ? stripVTControlCharacters(cut) : cut
  return plain.replace(invisible, escaped)
}

function escaped(character: string): string {
  const name = named[character]
  if (name !== undefined) return name
  const hex = (character.codePointAt(0) ?? 0).toString(16)
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}

/** Columns that a text takes in a terminal: two for wide characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  if (narrow.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

function graphemeWidth(grapheme: string): number {
  if (wide.test(grapheme)) return 2
  return combining.test(grapheme) ? 0 : 1
}

/** The text, cut to at most `width` columns; a cut one ends in `…`. */
export function fit(text: string, width: number): string {
  if (width <= 0) return ''
  if (displayWidth(text) <= width) return text
  if (narrow.test(text)) return `${text.slice(0, width - 1)}…`
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept}…`
}
