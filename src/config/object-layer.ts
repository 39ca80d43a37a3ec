import { didYouMean } from './did-you-mean.ts'
import { Given } from './given.ts'
import type { Report } from './report.ts'
import { shown } from './shown.ts'

/** Writes a path of code or of a file as the user finds it: `startTelemetry({ batch.maxItems })`, `app.yaml: batch.maxItems`. */
export type Label = (path: string) => string

/** What a file or code may hold. */
export interface Shape {
  readonly leaves: ReadonlySet<string>
  /** Paths that stand for several leaves. */
  readonly shorthands: Readonly<Record<string, readonly string[]>>
}

/** Tells a plain object from lists, instances of classes and everything else. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || (!Array.isArray(value) && Object.getPrototypeOf(prototype) === null)
}

/** Takes an object apart into its leaves. Keys that mean nothing are reported; undefined and null count as not given. */
export function layerOf(object: unknown, shape: Shape, label: Label, report: Report): Map<string, Given> {
  const layer = new Map<string, Given>()
  const short = new Map<string, Given>()
  const known = [...shape.leaves, ...Object.keys(shape.shorthands)]
  const walk = (value: Readonly<Record<string, unknown>>, prefix: string): void => {
    for (const key of Object.keys(value)) {
      const path = `${prefix}${key}`
      const inner = value[key]
      if (inner === undefined || inner === null) continue
      if (shape.leaves.has(path)) layer.set(path, new Given(inner, label(path)))
      else if (Object.hasOwn(shape.shorthands, path)) short.set(path, new Given(inner, label(path)))
      else if (!known.some((each) => each.startsWith(`${path}.`))) unknownKey(key, prefix)
      else if (isRecord(inner)) walk(inner, `${path}.`)
      else
        report.problem(label(path), `${shown(inner)} is not an object`, `It holds ${keysBelow(`${path}.`).join(', ')}.`)
    }
  }
  const keysBelow = (prefix: string): string[] => {
    const below = known
      .filter((each) => each.startsWith(prefix))
      .map((each) => each.slice(prefix.length).split('.', 1)[0]!)
    return [...new Set(below)].sort()
  }
  const unknownKey = (key: string, prefix: string): void => {
    const names = keysBelow(prefix)
    report.problem(
      label(`${prefix}${key}`),
      'there is no such option',
      didYouMean(key, names, `Known are ${names.join(', ')}.`),
    )
  }
  if (isRecord(object)) walk(object, '')
  for (const [path, given] of short) {
    for (const leaf of shape.shorthands[path] ?? []) if (!layer.has(leaf)) layer.set(leaf, given)
  }
  return layer
}
