import { countNamePattern, namePattern, secretNamePattern, secretTails, tailsPattern } from './secret-names.ts'
import type { SecretText } from './secret-text.ts'

/** What may stand between a name and its separator: of JSON, of `user[password]=…`. */
const close = `(?:\\\\{0,7}["'\\]]|%5[dD])?\\s?`
const number = '[-+]?[\\d.,]{1,40}(?![\\w.,-])'
/** In the connection strings of ODBC, where it is not a directory. */
const odbcPwd = '(?<=[;?&]\\s?)PWD(?==[^/])'
const names = `(?:${secretNamePattern}|${countNamePattern}(?!${close}[:=]>?\\s{0,2}["']?${number})|${odbcPwd})`

const tail = tailsPattern(secretTails)

/** A separator with a secret name before it; its last letters are looked for first, as they are rarely there. */
const separator = (char: string): string =>
  `${char}(?<=${tail}${close}${char})(?<=(?<!\\[Redacted: [\\w. -]{0,12})(?<name>${names})${close}${char})`

const mark = '\\[Redacted: [\\w. -]{1,40}\\]'
const unless = (behind: string): string => `(?!${mark}${behind})`
const scheme = `(?:${['bearer', 'basic', 'digest', 'token', 'apiKey'].map(namePattern).join('|')})[ \\t]`

// A placeholder of SQL or of a template is no secret, and neither is a comparison or what has been redacted.
const end = '[\\s&"\',;)<]'
const placeholder = `["'?:@{<(>]|(?!${mark}(?!${end}|$))\\[|${scheme}${mark}|\\$(?:\\d+(?![\\w$])|[{(A-Z_a-z])|%(?![\\dA-Fa-f]{2})|={1,2}(?:\\s|$)`

/**
 * Values that are secrets by the names before them, wherever they stand in a text.
 *
 * Each takes time in proportion to the text: what is searched before the value is of limited length, and nothing is
 * asked for behind it.
 */
export const namedValues: readonly SecretText[] = [
  {
    name: 'value',
    pattern: new RegExp(
      `(?<kept>${separator('[:=]')}>?\\s?(?<quote>["']))${unless('\\k<quote>')}(?:(?!\\k<quote>)[^\\\\\\n]|\\\\.)+`,
      'g',
    ),
  },
  // JSON inside JSON, as deep as three times.
  {
    name: 'value',
    pattern: new RegExp(
      `(?<kept>${separator(':')}\\s?(?<quote>\\\\{1,7}["']))${unless('\\k<quote>')}(?:(?!\\k<quote>)(?:\\\\+[^\\\\\\n]|[^"\\\\\\n]))+`,
      'g',
    ),
  },
  {
    name: 'value',
    pattern: new RegExp(
      `(?<kept>${separator('=')}\\s?(?:${scheme})?)(?!${placeholder})(?:${mark}|[^\\s&"',;)<])+`,
      'g',
    ),
  },
  { name: 'cookie', pattern: /(?<kept>(?<![a-z])cookies?["']?\s?:[ \t]{0,4})(?=[^\s=;]{1,64}=)[^\r\n"'\\]+/gi },
  // `password: required` is prose: without quotes a value has a digit, and is no shorter than 4.
  {
    name: 'value',
    pattern: new RegExp(
      `(?<kept>${separator(':')}[ \\t]{0,4}(?:${scheme})?)(?!\\[Redacted)(?=[^\\s"',;]{0,63}\\d)[^\\s"',;<>(){}[\\]]{4,}`,
      'g',
    ),
  },
  {
    name: 'password',
    pattern: /(?<kept>\b(?:password|identified\s{1,4}by)\s{1,4}')(?!\[Redacted)[^'\n]+(?:''[^'\n]*)*/gi,
  },
  {
    name: 'signature',
    pattern:
      /(?<kept>x-(?:amz|goog)-signature=|(?<![a-z])sig(?:nature)?=(?=[^\s&]{0,63}\d)(?=[^\s&]{8}))(?!\[Redacted)[\w%+/=.~-]+/gi,
  },
]

/** Finds the texts in which one of {@link namedValues} may be. */
export const mayHoldNamedValue: RegExp = new RegExp(
  `${separator('[:=]')}|=(?<=(?:[sS][iI][gG]|[nN][aA][tT][uU][rR][eE])=)|'(?<=(?:[wW][oO][rR][dD]|[bB][yY])\\s{1,4}')`,
)
