import type { Attributes } from '@opentelemetry/api'
import type { ViewOptions } from '@opentelemetry/sdk-metrics'
import { diagnostics } from '../../diagnostics.ts'

/** Who did it: as many values as there are tenants and users, and each would make every metric anew. */
const identity = /^(?:tenant|user|enduser|workos|session)\./

/** A view that keeps tenants and users out of every metric, the application's own included; that is said once. */
export function withoutIdentity(keys: readonly string[]): ViewOptions {
  const named = new Set(keys)
  const known = new Map<string, boolean>()
  const isIdentity = (key: string): boolean => {
    const before = known.get(key)
    if (before !== undefined) return before
    const found = identity.test(key) || named.has(key)
    if (known.size < maxKeys) known.set(key, found)
    return found
  }
  return {
    instrumentName: '*',
    attributesProcessors: [
      {
        process: (incoming) => {
          for (const key in incoming) if (isIdentity(key)) return without(incoming, isIdentity)
          return incoming
        },
      },
    ],
  }
}

const maxKeys = 1_000

function without(attributes: Attributes, isIdentity: (key: string) => boolean): Attributes {
  const [kept, left] = [Object.entries(attributes), [] as string[]]
  const entries = kept.filter(([key]) => !isIdentity(key) || !left.push(key))
  diagnostics.count('metric_attributes_dropped', left.length)
  diagnostics.once(
    'warn',
    `metrics have no attributes of tenants or users, as each value would be a series of its own: ${left.join(', ')} left out`,
    `metric attributes ${left.join(',')}`,
  )
  return Object.fromEntries(entries)
}
