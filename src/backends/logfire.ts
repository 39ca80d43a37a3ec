import { type Option, ValueError } from '../config/option.ts'
import { boolean } from '../config/parsers/boolean.ts'
import { secret } from '../config/parsers/text.ts'
import { baseUrl, signalUrl } from '../config/parsers/url.ts'
import type { Secret } from '../config/secret.ts'
import { type BackendType, defineBackend } from './backend.ts'
import { otlpHttp } from './otlp-http.ts'
import { attributeOptions, type AttributeOptions, attributeProblems, viewWith } from './parts/attribute-options.ts'
import { regionOf, regions } from './parts/logfire-regions.ts'
import { logfireView } from './parts/logfire-view.ts'
import { plaintextProblems } from './parts/plaintext.ts'

function token(raw: unknown): Secret {
  const value = secret(raw)
  if (/^bearer\b/i.test(value.reveal())) throw new ValueError('begins with Bearer', 'Give the token alone.')
  if (!/^[\w-]+$/.test(value.reveal()))
    throw new ValueError('has characters that no token has', 'Copy the write token alone.')
  return value
}

type LogfireOptions = AttributeOptions & {
  readonly token: Option<Secret> & { readonly required: true }
  readonly baseUrl: Option<string>
  readonly pendingSpans: Option<boolean>
}

/** Logfire takes what is at most a day old; an hour is left for the way. */
const maxAgeMs = 23 * 3_600_000

const hintFor = (status: number): string | undefined => {
  if (status === 401 || status === 403)
    return 'LOGFIRE_TOKEN has to be a write token of this region: those of another one, and read tokens, are refused.'
  if (status === 402) return 'The usage limit of the project is reached: raise it, or wait for the next month.'
  if (status === 404) return 'LOGFIRE_BASE_URL is the address alone, without a path.'
  return undefined
}

/**
 * Pydantic Logfire: spans and log records of one project.
 *
 * The region in the token chooses the endpoint, `us` where there is none in it; `baseUrl` wins over it.
 * https://logfire.pydantic.dev/docs/how-to-guides/alternative-clients/
 */
export const logfireBackend: BackendType<LogfireOptions> = defineBackend({
  type: 'logfire',
  summary: 'Pydantic Logfire: spans and log records of one project.',
  options: {
    ...attributeOptions,
    token: {
      about: 'A write token of the project.',
      parse: token,
      required: true,
      secret: true,
      env: ['LOGFIRE_TOKEN'],
    },
    baseUrl: {
      about: 'The endpoint of a self-hosted Logfire; by default that of the region in the token.',
      parse: baseUrl,
      env: ['LOGFIRE_BASE_URL'],
      example: 'https://logfire.example',
    },
    pendingSpans: {
      about: 'Whether spans that are open for more than a second are shown before they end; each is a record more.',
      parse: boolean,
      default: true,
    },
  },
  problems: ({ token: given, baseUrl: base, ...attributes }) => {
    const found = attributeProblems(attributes)
    if (base !== undefined) return [...plaintextProblems({ baseUrl: base }, true), ...found]
    const region = given === undefined ? 'us' : regionOf(given)
    if (Object.hasOwn(regions, region)) return found
    const hint = `Known are ${Object.keys(regions).join(', ')}; for another Logfire set LOGFIRE_BASE_URL.`
    return [
      { option: 'token', message: `is of a region that does not exist, "${region.slice(0, 12)}"`, hint },
      ...found,
    ]
  },
  connect: ({ token: given, baseUrl: base = regions[regionOf(given)] ?? '', pendingSpans, ...attributes }, context) => {
    const { timeoutMs, compression, exporter } = context
    const backend = otlpHttp({
      endpoints: { traces: signalUrl(base, 'traces'), logs: signalUrl(base, 'logs') },
      headers: { traces: { authorization: given }, logs: { authorization: given } },
      timeoutMs: { traces: timeoutMs, logs: timeoutMs },
      compression: { traces: compression, logs: compression },
      exporter,
      metrics: {
        url: signalUrl(base, 'metrics'),
        headers: { authorization: given },
        timeoutMs,
        compression,
        tls: undefined,
      },
      view: viewWith(logfireView, attributes, context),
      maxAgeMs: { traces: maxAgeMs, logs: maxAgeMs },
      hintFor,
    })
    return { ...backend, pendingSpans }
  },
})
