import { ValueError } from '../option.ts'
import { text } from './text.ts'

const bracket = `\\[\\s*(?:"[^"]*"|'[^']*'|[^\\s"'[\\].]+)\\s*\\]`
const path = new RegExp(`^(?:[^.[\\]]+|${bracket})(?:\\.[^.[\\]]+|${bracket})*$`)

/** A path to censor, as pino writes them. One that is written wrong would censor something else, or nothing. */
export function redactPath(raw: unknown): string {
  const given = text(raw)
  if (!path.test(given)) {
    throw new ValueError(
      'is no path',
      'Write names with a dot between them: user.ssn, *.card, items[*].key, ["x-y"].z.',
    )
  }
  return given
}
