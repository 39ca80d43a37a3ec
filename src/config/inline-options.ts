import { didYouMean } from './did-you-mean.ts'
import { Given } from './given.ts'
import type { OptionTable } from './option.ts'
import type { Report } from './report.ts'

/** The options that stand beside the name of a backend; `others` are keys that are no options. */
export function inlineOf(
  item: Readonly<Record<string, unknown>>,
  others: readonly string[],
  options: OptionTable,
  source: string,
  report: Report,
): Map<string, Given> {
  const known = [...others, ...Object.keys(options)]
  const given = Object.entries(item).filter(
    ([key, value]) => value !== undefined && value !== null && !others.includes(key),
  )
  const isKnown = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(options, key)
  for (const [key] of given.filter((each) => !isKnown(each))) {
    report.problem(
      placeOf(source, key),
      'there is no such option',
      didYouMean(key, known, `Known are ${known.join(', ')}.`),
    )
  }
  return new Map(given.filter(isKnown).map(([key, value]) => [key, new Given(value, placeOf(source, key))]))
}

/** The place of an option of a backend: before the closing bracket in code, at the end in a file. */
export function placeOf(source: string, key: string): string {
  return source.endsWith(' })') ? `${source.slice(0, -3)}.${key} })` : `${source}.${key}`
}
