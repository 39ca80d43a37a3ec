import { parseArgs } from 'node:util'
import { didYouMean } from '../config/did-you-mean.ts'

/** What was asked for on the command line. */
export type Request =
  | { readonly command: 'help' | 'version' }
  | { readonly command: 'doctor'; readonly live: boolean; readonly json: boolean }
  /** It was used wrongly; `message` says how. */
  | { readonly command: 'wrong'; readonly message: string }

const commands = ['doctor', 'help']
const doctorFlags = ['live', 'json', 'help']

/** Reads the words after `signalbox`. Never throws. */
export function requestOf(words: readonly string[]): Request {
  const { tokens } = parseArgs({ args: [...words], strict: false, tokens: true, allowPositionals: true })
  const names = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const flags = tokens.flatMap((token) => (token.kind === 'option' ? [token] : []))
  const [name, extra] = names
  if (name !== undefined && !commands.includes(name))
    return wrong(`${JSON.stringify(name)} is no command.`, name, commands)
  if (extra !== undefined) return wrong(`${JSON.stringify(extra)} is one word too many.`, extra, doctorFlags, '--')
  const known = name === 'doctor' ? doctorFlags : ['help', 'version']
  for (const { name: flag, rawName, value } of flags) {
    const full = flag === 'h' && rawName === '-h' ? 'help' : flag
    if (!known.includes(full)) return wrong(`${rawName} is no option.`, flag, known, '--')
    if (value !== undefined) return wrong(`${rawName} takes no value.`)
  }
  const has = (flag: string): boolean => flags.some((each) => each.name === flag)
  if (name === 'help' || has('help') || has('h')) return { command: 'help' }
  if (has('version')) return { command: 'version' }
  if (name === undefined) return wrong('A command is missing.')
  return { command: 'doctor', live: has('live'), json: has('json') }
}

function wrong(what: string, word?: string, candidates: readonly string[] = [], prefix = ''): Request {
  const meant =
    word === undefined
      ? ''
      : didYouMean(
          `${prefix}${word}`,
          candidates.map((each) => `${prefix}${each}`),
          '',
        )
  return { command: 'wrong', message: `${what}${meant === '' ? '' : ` ${meant}`} See: signalbox help` }
}
