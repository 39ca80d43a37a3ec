import { censorSecrets } from './redaction/censor-secrets.ts'

const longestMessage = 300
const longestReason = 64

/** Looked at of a message before white space in it is joined, and after: what is cut there is not shown. */
const longestRaw = 65_536
const longestLine = longestMessage * 4

/**
 * A message of another party, safe to show: one line without control characters, at most 300 characters, and without
 * secrets that are known by their form.
 */
export function shownMessage(message: string): string {
  const line = message.slice(0, longestRaw).replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
  const characters = Array.from(censorSecrets(line.trim().slice(0, longestLine)))
  return characters.length <= longestMessage
    ? characters.join('')
    : `${characters.slice(0, longestMessage - 1).join('')}…`
}

/** A reason as it names a counter: lower snake_case, at most 64 characters. */
export function counterName(reason: string): string {
  const name = reason
    .slice(0, longestReason)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
  return name === '' ? 'unnamed' : name
}

/** A count with commas. The language's own way loads the words of all languages first, which takes some milliseconds. */
export function shownCount(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}
