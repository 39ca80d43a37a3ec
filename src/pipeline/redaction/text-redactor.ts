import { mayHoldNamedValue, namedValues } from './named-values.ts'
import { mayHoldSecretForm, secretForms } from './secret-forms.ts'
import { type SecretText, without } from './secret-text.ts'

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
    if (text.length >= leastLength) {
      // Forms first: a key or an address may go on behind what a name alone would take for its value.
      if (mayHoldSecretForm.test(text)) redacted = without(redacted, secretForms)
      if (mayHoldNamedValue.test(text)) redacted = without(redacted, namedValues)
    }
    return own.length === 0 ? redacted : without(redacted, own)
  }
}
