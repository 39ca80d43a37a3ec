import { regionOf, regions } from '../../backends/parts/logfire-regions.ts'
import { signalUrl } from '../../config/parsers/url.ts'
import { Secret } from '../../config/secret.ts'
import type { ResolvedBackend } from '../../config/types.ts'

/** A signal that is sent. */
export type SentSignal = ResolvedBackend['signals'][number]

/** Where each signal of a backend goes; nothing for one that has no address. */
export function endpointsOf({ options, signals }: ResolvedBackend): Readonly<Partial<Record<SentSignal, string>>> {
  const given = options as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    signals.flatMap((signal) => {
      const own = given[`${signal}Endpoint`]
      if (typeof own === 'string') return [[signal, own]]
      const base = baseOf(given)
      return base === undefined ? [] : [[signal, signalUrl(base, signal)]]
    }),
  )
}

function baseOf({ endpoint, baseUrl, token }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof endpoint === 'string') return endpoint
  if (typeof baseUrl === 'string') return baseUrl
  return token instanceof Secret ? regions[regionOf(token)] : undefined
}
