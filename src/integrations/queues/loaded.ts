import { createRequire } from 'node:module'

/**
 * The exports of a queue library as the application has it: seen from the application's main file and from here.
 *
 * Synchronously, also where it is an ES module: the same instance that `import` gives. Empty where there is none.
 */
export function loaded(name: string): readonly Readonly<Record<string, unknown>>[] {
  const places = [process.argv[1], import.meta.url].filter((place) => place !== undefined && place !== '')
  const found = places.flatMap((place) => {
    try {
      return [createRequire(place as string)(name) as Readonly<Record<string, unknown>>]
    } catch {
      return []
    }
  })
  return [...new Set(found)]
}

type Method = (this: object, ...args: unknown[]) => unknown

/** Puts a function around a method of a class, once; says whether there is such a method. */
export function wrapMethod(
  owner: unknown,
  name: string,
  around: (self: object, args: readonly unknown[], proceed: () => unknown) => unknown,
): boolean {
  const prototype = typeof owner === 'function' ? (owner.prototype as Record<string, unknown>) : undefined
  const original = prototype?.[name]
  if (prototype === undefined || typeof original !== 'function') return false
  prototype[name] = function (this: object, ...args: unknown[]): unknown {
    return around(this, args, () => (original as Method).apply(this, args))
  }
  return true
}
