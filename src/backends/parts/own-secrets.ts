import { credentialNames } from '../../config/parsers/headers.ts'
import { Secret } from '../../config/secret.ts'
import type { OtlpOutcome } from '../backend.ts'
import { revealed } from './headers.ts'

const masked = '***'

/** A shorter text is in too many words to be looked for. */
const leastLength = 6

/** What a receiver was sent that nobody else may see. */
export interface Sent {
  readonly url: string | undefined
  readonly headers: Readonly<Record<string, string | Secret>> | undefined
}

/**
 * A text without the credentials that its author was sent: receivers say which token it is that they do not know.
 *
 * Also where one is percent-encoded, in base64, or escaped as in JSON or HTML. It is made anew for each text: nothing
 * holds a secret meanwhile.
 */
export function withoutOwn(text: string, sent: Sent): string {
  const secrets = secretsOf(sent)
    .filter((secret) => secret.length >= leastLength)
    .sort((one, other) => other.length - one.length)
  if (text === '' || secrets.length === 0) return text
  return text.replace(new RegExp(`(?:${secrets.map(patternOf).join('|')})=*`, 'gi'), masked)
}

/** The same of an outcome. */
export function outcomeWithoutOwn<Ended extends OtlpOutcome>(outcome: Ended, sent: Sent): Ended {
  const shown = (member: 'message' | 'hint'): Partial<Record<'message' | 'hint', string>> => {
    const text = (outcome as Readonly<Record<string, unknown>>)[member]
    return typeof text === 'string' ? { [member]: withoutOwn(text, sent) } : {}
  }
  return { ...outcome, ...shown('message'), ...shown('hint') }
}

function secretsOf({ url, headers }: Sent): string[] {
  const given = Object.fromEntries(Object.entries(revealed(headers)).map(([name, value]) => [name, new Secret(value)]))
  const inHeaders = credentialNames(given).flatMap((name) => partsOf(given[name]?.reveal() ?? ''))
  const inUrl = url !== undefined && URL.canParse(url) ? [...new URL(url).searchParams.values()] : []
  return [...inHeaders, ...inUrl].flatMap((secret) => [secret, base64Of(secret)])
}

/** A value, what is behind its scheme, and the password that Basic has in it. */
function partsOf(value: string): string[] {
  const [, scheme = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(value) ?? []
  if (rest === '') return [value]
  const pair = /^basic$/i.test(scheme) ? Buffer.from(rest, 'base64').toString('utf8') : ''
  return [value, rest, pair, pair.slice(pair.indexOf(':') + 1)]
}

const base64Of = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '')

function patternOf(secret: string): string {
  return Array.from(secret, (character) => {
    if (/[a-z\d]/i.test(character)) return character
    const hex = character.charCodeAt(0).toString(16).padStart(2, '0').slice(-2)
    const inBase64 = character === '+' ? '|-' : character === '/' ? '|_' : ''
    return `(?:\\\\{0,2}\\x${hex}|%${hex}|\\\\u00${hex}|&#?\\w{1,6};${inBase64})`
  }).join('')
}
