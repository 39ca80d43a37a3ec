import type { Secret } from '../../config/secret.ts'

/** Where Logfire takes telemetry, by the region that its tokens name. */
export const regions: Readonly<Record<string, string>> = {
  us: 'https://logfire-us.pydantic.dev',
  eu: 'https://logfire-eu.pydantic.dev',
  stagingus: 'https://logfire-us.pydantic.info',
  stagingeu: 'https://logfire-eu.pydantic.info',
}

const regionOfToken = /^pylf_v\d+_([a-z]+)_(?:[0-9a-f-]{36}_)?[a-zA-Z0-9]+$/

/** The region in a token; `us` for the old ones, which have none. */
export const regionOf = (value: Secret): string => regionOfToken.exec(value.reveal())?.[1] ?? 'us'
