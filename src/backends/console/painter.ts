import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

const formats: Readonly<Record<Style, Format>> = {
  plain: [],
  strong: ['bold'],
  faint: ['dim'],
  good: ['green'],
  bad: ['red'],
  warning: ['yellow'],
  note: ['cyan'],
  who: ['magenta'],
}

export type Style = 'plain' | 'strong' | 'faint' | 'good' | 'bad' | 'warning' | 'note' | 'who'

/** Colours a text that has no control characters of its own. */
export type Painter = (style: Style, text: string) => string

/** A painter that colours, or one that leaves texts as they are. */
export function createPainter(color: boolean): Painter {
  if (!color) return (_, text) => text
  return (style, text) =>
    style === 'plain' || text === '' ? text : styleText(formats[style], text, { validateStream: false })
}

/**
 * Tells whether colours belong into a stream: by Node's own rules, only where it is a terminal that has them, never
 * where `NO_COLOR` is set to something, always where `FORCE_COLOR` asks for them.
 */
export function takesColor(stream: Writable): boolean {
  return styleText('red', '?', { stream }) !== '?'
}

/** The style of a log level, by its severity number. */
export function levelStyle(severityNumber = 9): Style {
  if (severityNumber >= 17) return 'bad'
  if (severityNumber >= 13) return 'warning'
  return severityNumber >= 9 ? 'note' : 'faint'
}
