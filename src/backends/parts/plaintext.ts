import type { OptionProblem } from '../../config/option.ts'
import { isPlaintext } from '../../config/parsers/url.ts'

/** The problem of a credential that would be sent readably: over plain http, to another machine than this one. */
export function plaintextProblems(
  endpoints: Readonly<Record<string, string | undefined>>,
  hasCredentials: boolean,
): readonly OptionProblem[] {
  if (!hasCredentials) return []
  return Object.entries(endpoints).flatMap(([option, url]) =>
    url === undefined || !isPlaintext(url)
      ? []
      : [
          {
            option,
            message: 'would get credentials over plain http',
            hint: 'Use https; plain http is for this machine only.',
          },
        ],
  )
}
