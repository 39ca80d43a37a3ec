import { messageOf } from '../../errors.ts'
import { ValueError } from '../option.ts'

const form = 'Write name=expression, several separated by ";" or new lines; a ";" inside is \\x3b.'

/**
 * Reads regular expressions by name: `name=expression` separated by `;` or new lines, or an object of names and
 * expressions, which may be `RegExp`s. Throws for one that is not valid, by its name.
 */
export function patterns(raw: unknown): Readonly<Record<string, string>> {
  if (typeof raw === 'string') {
    const items = raw.split(/[;\n]/).filter((item) => item.trim() !== '')
    return Object.fromEntries(items.map((item) => named(...split(item.trim()))))
  }
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
    return Object.fromEntries(Object.entries(raw).map(([name, value]) => named(name, value)))
  }
  throw new ValueError('is neither text nor an object', form)
}

function split(item: string): [name: string, source: string] {
  const equals = item.indexOf('=')
  if (equals < 0) throw new ValueError('has an item without a name', form)
  return [item.slice(0, equals).trim(), item.slice(equals + 1)]
}

function named(name: string, value: unknown): [name: string, source: string] {
  if (!/^[\w.-]{1,60}$/.test(name)) throw new ValueError('has a name that is none', form)
  const source = value instanceof RegExp ? value.source : value
  if (typeof source !== 'string' || source === '') throw new ValueError(`has no expression for "${name}"`, form)
  try {
    if (!new RegExp(source, 'u').test('')) return [name, source]
  } catch (error) {
    throw new ValueError(`has an expression for "${name}" that is none: ${messageOf(error)}`, form)
  }
  throw new ValueError(
    `has an expression for "${name}" that matches the empty text, and so everywhere`,
    'Let it match one character at least: a+, not a*.',
  )
}
