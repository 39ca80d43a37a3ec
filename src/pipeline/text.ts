const longestMessage = 300
const longestReason = 64

/** A message of another party, safe to show: one line without control characters, at most 300 characters. */
export function shownMessage(message: string): string {
  const line = message.slice(0, longestMessage * 4).replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
  const characters = Array.from(line.trim())
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
