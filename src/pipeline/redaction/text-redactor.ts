import { mayHoldSecret, type SecretText, secretTexts } from './secret-texts.ts'

/** Gives a text back without its secrets; itself where it has none. */
export type TextRedactor = (text: string) => string

/** What stands in the place of a value that is a secret by its name; as in log lines. */
export const censored = '[Redacted]'

/** Shorter texts are no secrets that could be told by their form. */
const leastLength = 6

/** Makes a redactor of texts for the usual secrets, and for patterns of the user's own by their names. */
export function textRedactor(patterns: Readonly<Record<string, string>>): TextRedactor {
  const own = Object.entries(patterns).map(([name, source]): SecretText => ({
    name,
    pattern: new RegExp(source, 'gu'),
  }))
  return (text) => {
    let redacted = text
    if (text.length >= leastLength && mayHoldSecret.test(text)) redacted = without(redacted, secretTexts)
    return own.length === 0 ? redacted : without(redacted, own)
  }
}

function without(text: string, secrets: readonly SecretText[]): string {
  return secrets.reduce(
    (left, { name, pattern }) =>
      left.replace(pattern, (...found: unknown[]) => {
        const groups = found.at(-1)
        const { kept = '', name: better = name } = (
          typeof groups === 'object' && groups !== null ? groups : {}
        ) as Readonly<Record<string, string | undefined>>
        return `${kept}[Redacted: ${better.toLowerCase()}]`
      }),
    text,
  )
}
