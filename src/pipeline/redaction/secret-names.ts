/**
 * Endings of a name that make its value a secret: `password` also covers `dbPassword` and `DB_PASSWORD`, `token` also
 * `access_token` and `x-csrf-token`. A capital letter inside begins a word; between words `_`, `-`, `.`, a space or
 * nothing may stand.
 */
export const secretEndings: readonly string[] = [
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'secrets',
  'token',
  'apiKey',
  'apiKeys',
  'accessKey',
  'encryptionKey',
  'masterKey',
  'privateKey',
  'secretKey',
  'serviceKey',
  'sessionKey',
  'signingKey',
  'authorization',
  'cookie',
  'cookies',
  'credential',
  'credentials',
  'connectionString',
  'dsn',
  'jwt',
]

const syntax = /[.*+?^${}()|[\]\\/]/g
const wordBoundary = /(?<=[a-z0-9])(?=[A-Z])|[-_.\s]+/

function wordsOf(name: string): string[] {
  const words = name.split(wordBoundary).filter((word) => word !== '')
  return words.map((word) => word.replace(syntax, '\\$&'))
}

/** The source of a regular expression for a name, whatever stands between its words; to be used with the flag `i`. */
export function namePattern(name: string): string {
  return wordsOf(name).join('[-_.\\s]?')
}

/** The source of a regular expression for how a name ends, to look for before the name itself. */
export function tailPattern(name: string): string {
  const last = wordsOf(name).at(-1) ?? ''
  return /^\w+$/.test(last) ? last.slice(-3) : last
}
