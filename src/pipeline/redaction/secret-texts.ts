import { namePattern, secretEndings } from './secret-names.ts'

/** A secret that is known by its form. */
export interface SecretText {
  /** What is said to have been there. */
  readonly name: string
  /** Global. Its group `kept`, where it has one, stands before the secret and stays; `name` names it better. */
  readonly pattern: RegExp
}

const secretNames = secretEndings.map(namePattern).join('|')

/** Secrets by their form, those of vendors as they document them. */
export const secretTexts: readonly SecretText[] = [
  { name: 'private_key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g },
  { name: 'jwt', pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g },
  { name: 'authorization', pattern: /(?<kept>\b(?:Bearer|Basic)\s+)(?=\S{0,400}?[\d=])[\w.~+/-]{16,}=*/gi },
  { name: 'url_credentials', pattern: /(?<kept>:\/\/[^\s/?#:@]{0,200}:)[^\s/?#@]+(?=@)/g },
  // A placeholder of SQL or of a template is no secret, and neither is what has been redacted.
  {
    name: 'value',
    pattern: new RegExp(
      `(?<kept>(?<name>${secretNames})(?:["']\\s?:|\\s?=)\\s?(?<quote>["']))(?!\\[Redacted)(?:(?!\\k<quote>)[^\\\\\\n]|\\\\.){1,1000}`,
      'gi',
    ),
  },
  {
    name: 'value',
    pattern: new RegExp(
      `(?<kept>(?<name>${secretNames})\\\\["']\\s?:\\s?\\\\["'])(?!\\[Redacted)[^"'\\\\\\n]{1,1000}`,
      'gi',
    ),
  },
  {
    name: 'value',
    pattern: new RegExp(`(?<kept>(?<name>${secretNames})\\s?=\\s?)(?!["'$?:%@[{<(])[^\\s&"',;)<]+`, 'gi'),
  },
  { name: 'grafana_token', pattern: /\bgl(?:c|sa)_[\w+/=-]{20,}/g },
  { name: 'logfire_token', pattern: /\bpylf_v\d+_(?:[a-z]+_)?[\w-]{20,}/g },
  { name: 'github_token', pattern: /\b(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,})/g },
  { name: 'aws_access_key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { name: 'slack_token', pattern: /\bxox[a-z]-[\w-]{10,}/g },
  { name: 'api_key', pattern: /\b(?:[rs]k_(?:live|test)_\w{16,}|sk-(?:ant-|proj-)?[\w-]{20,}|AIza[\w-]{35})/g },
  { name: 'npm_token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: 'fly_token', pattern: /\bfm\d[a-z]?_[\w+/=,-]{20,}/g },
]

/** Finds the texts in which one of {@link secretTexts} may be: most have none, and this is the quickest way to tell. */
export const mayHoldSecret: RegExp =
  /eyJ|PRIVATE KEY|:\/\/[^\s/]*@|=|["']\s?:\s?\\?["']|earer|EARER|asic|ASIC|gl(?:c|sa)_|pylf_|gh[oprsu]_|hub_pat|A[KS]IA|xox|k_(?:live|test)|sk-|AIza|npm_|fm\d/
