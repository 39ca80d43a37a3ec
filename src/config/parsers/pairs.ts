import { ValueError } from '../option.ts'

const entryForm = 'Write name=value pairs separated by commas; percent-encode , ; = and % in values.'

function decode(part: string, where: string): string {
  try {
    return decodeURIComponent(part.trim())
  } catch {
    throw new ValueError(`has a "%" in ${where} that begins no percent-encoded character`, 'Write a literal % as %25.')
  }
}

/**
 * Reads `name=value,name=value`: W3C baggage without metadata, values percent-decoded.
 *
 * Empty items are skipped. Throws for an item that is none, naming it by its place and name, never by its value.
 */
export function pairs(list: string): readonly (readonly [name: string, value: string])[] {
  return list.split(',').flatMap((item, index) => {
    if (item.trim() === '') return []
    const equals = item.indexOf('=')
    if (equals < 0) throw new ValueError(`has no "=" in item ${index + 1}`, entryForm)
    const name = decode(item.slice(0, equals), `the name of item ${index + 1}`)
    if (name === '') throw new ValueError(`has no name before the "=" of item ${index + 1}`, entryForm)
    if (item.includes(';'))
      throw new ValueError(`has a ";" in the value of ${quoted(name)}`, 'Write a literal ; as %3B.')
    return [[name, decode(item.slice(equals + 1), `the value of ${quoted(name)}`)] as const]
  })
}

function quoted(name: string): string {
  return /^[\w.-]{1,60}$/.test(name) ? JSON.stringify(name) : 'an item'
}
