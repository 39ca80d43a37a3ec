import { didYouMean } from '../did-you-mean.ts'
import { ValueError } from '../option.ts'
import { Secret } from '../secret.ts'
import { shown } from '../shown.ts'

const control = /[\u0000-\u001f\u007f-\u009f]/

/** Text without white space around it; numbers, as YAML makes them of digits, are text too. */
export function text(raw: unknown): string {
  if (typeof raw === 'number' && Number.isFinite(raw)) return String(raw)
  if (typeof raw !== 'string') throw new ValueError('is not text')
  const trimmed = raw.trim()
  if (trimmed === '') throw new ValueError('is empty', 'Leave it out, or give it a value.')
  if (control.test(trimmed))
    throw new ValueError('has a line break or another control character', 'Write it on one line.')
  return trimmed
}

/** A credential: text that is wrapped before anything else sees it. */
export function secret(raw: unknown): Secret {
  return raw instanceof Secret ? new Secret(text(raw.reveal())) : new Secret(text(raw))
}

/** Makes a parser for one of several names, whatever their case. */
export function oneOf<const Name extends string>(...names: Name[]): (raw: unknown) => Name {
  return (raw) => {
    const given = text(raw).toLowerCase()
    const found = names.find((name) => name === given)
    if (found !== undefined) return found
    throw new ValueError(
      `is not one of ${names.join(', ')}`,
      didYouMean(given, names, `Take one of ${names.join(', ')}.`),
    )
  }
}

/** Makes a parser for a comma-separated list, or an array in a file or in code. Empty items and duplicates fall out. */
export function listOf<T>(item: (raw: unknown) => T): (raw: unknown) => readonly T[] {
  return (raw) => {
    if (typeof raw !== 'string' && !Array.isArray(raw))
      throw new ValueError('is not a list', 'Separate items by commas.')
    const items: unknown[] = typeof raw === 'string' ? raw.split(',').filter((part) => part.trim() !== '') : raw
    return [...new Set(items.map((part) => parsedItem(part, item)))]
  }
}

function parsedItem<T>(part: unknown, item: (raw: unknown) => T): T {
  try {
    return item(part)
  } catch (error) {
    if (!(error instanceof ValueError) || typeof part !== 'string') throw error
    throw new ValueError(`has an item ${shown(part.trim())} that ${error.message}`, error.hint)
  }
}
