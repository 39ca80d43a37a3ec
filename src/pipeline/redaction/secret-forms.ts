import type { SecretText } from './secret-text.ts'

/**
 * Secrets by their form, those of vendors as they document them.
 *
 * Texts may come from anybody, so that none may take more time than in proportion to its length: where an expression
 * can fail after a long part, it begins at places that no other place of that part is.
 */
export const secretForms: readonly SecretText[] = [
  {
    name: 'private_key',
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  },
  // Begins where a word does and looks once whether three parts follow: `eyJ` may stand in one word often.
  {
    name: 'jwt',
    pattern: /(?<![\w-])(?=[\w-]{11,}\.[\w-]{8,}\.)(?<kept>(?:[\w-]*?[-_])??)eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  },
  { name: 'authorization', pattern: /(?<kept>\b(?:Bearer|Basic)\s+)(?=\S{0,400}?[\d=])[\w.~+/-]{16,}=*/gi },
  {
    name: 'url_credentials',
    pattern: /(?<kept>:\/\/[^\s/?#:"'<>\\,;]*:)(?:[^\s/?#@"'<>]|'(?![,:)\]}]))+(?:@[^\s/?#@"'<>\\,;]+)*(?=@)/g,
  },
  { name: 'grafana_token', pattern: /\bgl(?:c|sa)_[\w+/=-]{20,}/g },
  { name: 'logfire_token', pattern: /\bpylf_v\d+_(?:[a-z]+_)?[\w-]{20,}/g },
  { name: 'github_token', pattern: /\b(?:gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,})/g },
  { name: 'aws_access_key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { name: 'slack_token', pattern: /\bxox[a-z]-[\w-]{10,}/g },
  { name: 'webhook_secret', pattern: /\bwhsec_[\w+/=-]{16,}/g },
  { name: 'api_key', pattern: /\b(?:[rs]k_(?:live|test)_\w{16,}|sk-(?:ant-|proj-)?[\w-]{20,}|AIza[\w-]{35})/g },
  { name: 'npm_token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: 'fly_token', pattern: /\bfm\d[a-z]?_[\w+/=,-]{20,}/g },
]

/** Finds the texts in which one of {@link secretForms} may be: most have none, and this is the quickest way to tell. */
export const mayHoldSecretForm: RegExp =
  /eyJ|PRIVATE KEY|:\/\/[^\s/]*@|earer|EARER|asic|ASIC|gl(?:c|sa)_|pylf_|gh[oprsu]_|hub_pat|A[KS]IA|xox|whsec_|k_(?:live|test)|sk-|AIza|npm_|fm\d/
