/**
 * Names that make a value a secret: also as the last words of a longer name (`csrf-token`, `dbPassword`, `DB_PASSWORD`).
 * A word begins after anything but a letter, and where a capital stands after a small letter.
 */
const lastWords: readonly string[] = [
  'secret',
  'secrets',
  'clientSecret',
  'accessToken',
  'authToken',
  'csrfToken',
  'idToken',
  'refreshToken',
  'sessionToken',
  'encryptionKey',
  'masterKey',
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

/** Names that make a value a secret even at the end of a word: `PGPASSWORD`, `myapikey`. No other words end so. */
const lastLetters: readonly string[] = [
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'apiKey',
  'apiKeys',
  'accessKey',
  'privateKey',
  'secretKey',
]

/** What is counted in tokens, and how: `max_token`, `time_to_first_token`, `promptTokens`. */
const quantities: readonly string[] = [
  'max',
  'min',
  'num',
  'per',
  'first',
  'total',
  'used',
  'cached',
  'input',
  'output',
  'prompt',
  'completion',
  'reasoning',
]

const syntax = /[.*+?^${}()|[\]\\/]/
const wordBoundary = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-_.\s]+/
const between = '[-_.\\s]?'

function wordsOf(name: string): string[] {
  return name.split(wordBoundary).filter((word) => word !== '')
}

function sourceOf(name: string, ofLetter: (small: string, capital: string, index: number) => string): string {
  const words = wordsOf(name).map((word) =>
    Array.from(word, (char, index) => {
      const [small, capital] = [char.toLowerCase(), char.toUpperCase()]
      if (small !== capital && small.length + capital.length === 2) return ofLetter(small, capital, index)
      return char.replace(syntax, '\\$&')
    }).join(''),
  )
  return words.join(between)
}

/** The source of an expression for a name in any case, whatever stands between its words; empty where it has no word. */
export function namePattern(name: string): string {
  return sourceOf(name, (small, capital) => `[${small}${capital}]`)
}

/**
 * The source of an expression for a name as the last words of a longer one; empty where it has no word.
 *
 * To be used without the flag `i`, as a capital may be what tells where a word begins.
 */
export function lastWordsPattern(name: string): string {
  const plain = namePattern(name)
  if (!plain.startsWith('[')) return plain === '' ? '' : `(?<![A-Za-z])${plain}`
  const hump = sourceOf(name, (small, capital, index) => (index === 0 ? capital : small))
  const capitals = sourceOf(name, (_, capital) => capital)
  return `(?:(?<![A-Za-z])${plain}|${hump}|(?<=[a-z])${capitals})`
}

const quantity = `(?:${quantities.map(lastWordsPattern).join('|')})${between}`
const suffix = `(?:${between}(?:${namePattern('value')}|${namePattern('hash')}))?`

// The working directory of a shell is `PWD` and `OLDPWD`; `DB_PWD`, `dbPwd` and `pwd` are passwords.
const pwd = '(?:(?<![A-Za-z])[pP]wd|Pwd|(?<=[-_a-z])PWD)'

/** The source of an expression for the end of a name whose values are secrets. To be used without the flag `i`. */
export const secretNamePattern: string = `(?:${[
  `(?<!${quantity})${lastWordsPattern('token')}`,
  ...lastLetters.map(namePattern),
  ...lastWords.map(lastWordsPattern),
  pwd,
].join('|')})${suffix}`

/** The source of one for the end of a name whose values are secrets where they are no numbers; those are counts. */
export const countNamePattern: string = `(?:(?<=${quantity})${lastWordsPattern('token')}|(?<!${quantity})${lastWordsPattern('tokens')})`

/** How a name ends: its last letters, which are found several times as fast as the name itself. */
export function tailOf(name: string): string {
  return (wordsOf(name).at(-1) ?? '').slice(-3)
}

/** How all secret names end. */
export const secretTails: readonly string[] = [
  ...new Set([...lastLetters, ...lastWords, 'pwd', 'token', 'tokens'].map(tailOf)),
]

/** The source of an expression for one of these tails at the end of a name; to be used without the flag `i`. */
export function tailsPattern(tails: readonly string[]): string {
  const any = [...new Set(tails)].map(namePattern).join('|')
  // All of the same length, and looking back last: such an expression skips through a text.
  const further = ['value', 'hash'].map(
    (word) => `${namePattern(word.slice(-3))}(?<=(?:${any})${between}${namePattern(word)})`,
  )
  return `(?:${any}|${further.join('|')})`
}
