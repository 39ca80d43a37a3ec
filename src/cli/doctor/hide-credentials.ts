import { withoutOwn } from '../../backends/parts/own-secrets.ts'
import { Secret } from '../../config/secret.ts'
import { censorSecrets } from '../../pipeline/redaction/censor-secrets.ts'

type Secrets = Readonly<Record<string, Secret>>

/** Takes the credentials of a backend, and what has the form of any other one, out of texts that a receiver had a part in. */
export function hidingCredentials(options: Readonly<Record<string, unknown>>): (text: string) => string {
  const single = Object.entries(options).filter((entry): entry is [string, Secret] => entry[1] instanceof Secret)
  const given: readonly Secrets[] = [Object.fromEntries(single), ...Object.values(options).filter(isSecrets)]
  return (text) => censorSecrets(given.reduce((left, headers) => withoutOwn(left, { url: undefined, headers }), text))
}

function isSecrets(value: unknown): value is Secrets {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return false
  return Object.values(value).every((each) => each instanceof Secret)
}
