import { type Option, type OptionProblem, type OptionsOf, ValueError } from '../../config/option.ts'
import { basicCredentials } from '../../config/parsers/basic-auth.ts'
import { type Headers, headers } from '../../config/parsers/headers.ts'
import { secret, text } from '../../config/parsers/text.ts'
import { baseUrl, isLoopbackUrl } from '../../config/parsers/url.ts'
import type { Secret } from '../../config/secret.ts'
import { plaintextProblems } from './plaintext.ts'

/** How a stack of Grafana Cloud is reached. */
export type GrafanaOptions = {
  readonly endpoint: Option<string> & { readonly required: true }
  readonly instanceId: Option<string>
  readonly apiKey: Option<Secret>
  readonly headers: Option<Headers>
}

/** The table of {@link GrafanaOptions}. */
export const grafanaOptions: GrafanaOptions = {
  endpoint: {
    about: 'The OTLP endpoint from the OpenTelemetry card of the stack; it ends in /otlp.',
    parse: grafanaEndpoint,
    required: true,
    env: ['GRAFANA_CLOUD_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    example: 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp',
  },
  instanceId: {
    about: 'The instance id from the same card.',
    parse: instanceId,
    env: ['GRAFANA_CLOUD_INSTANCE_ID'],
    example: '123456',
  },
  apiKey: {
    about: 'An access policy token (glc_…) with traces:write, logs:write and metrics:write.',
    parse: secret,
    secret: true,
    env: ['GRAFANA_CLOUD_API_KEY'],
  },
  headers: {
    about: 'Instead of instance id and token: Authorization=Basic <base64 of instance id:token>.',
    parse: headers,
    secret: true,
    env: ['OTEL_EXPORTER_OTLP_HEADERS'],
  },
}

/** What is wrong with the credentials: there are none, half of them, or what they hold cannot be right. */
export function grafanaProblems(
  options: Partial<OptionsOf<GrafanaOptions>>,
  isBad: (option: string) => boolean,
): readonly OptionProblem[] {
  const found: OptionProblem[] = [...plaintextProblems({ endpoint: options.endpoint }, true)]
  const missing = (option: string): OptionProblem => ({
    option,
    message: 'is not set, and Grafana Cloud takes nothing without credentials',
    hint: 'Set the instance id and an access policy token; or both as Authorization=Basic <base64 of id:token> in its headers.',
    missing: true,
  })
  if (
    options.instanceId === undefined &&
    options.apiKey === undefined &&
    (options.headers !== undefined || isBad('headers'))
  ) {
    const wrong = isBad('headers') ? undefined : headerProblem(options.headers?.['authorization'])
    return wrong === undefined ? found : [...found, { option: 'headers', ...wrong }]
  }
  if (options.instanceId === undefined) found.push(missing('instanceId'))
  if (options.apiKey === undefined) return [...found, missing('apiKey')]
  const wrong = tokenProblem(options.apiKey.reveal())
  return wrong === undefined ? found : [...found, { option: 'apiKey', ...wrong }]
}

const fromCard =
  'Copy the endpoint from the OpenTelemetry card of the stack: https://otlp-gateway-<zone>.grafana.net/otlp.'

type Wrong = Pick<OptionProblem, 'message' | 'hint'> | undefined

/** The endpoint of an OTLP gateway; one on this machine need not be of grafana.net. */
function grafanaEndpoint(raw: unknown): string {
  const url = baseUrl(raw)
  const { hostname, pathname } = new URL(url)
  if (/\/(?:tempo|loki|prometheus|api\/prom|prom|push)(?:\/|$)/.test(pathname)) {
    throw new ValueError('is the address of one data source and not of the OTLP gateway', fromCard)
  }
  if (!isLoopbackUrl(url) && !hostname.endsWith('.grafana.net')) {
    throw new ValueError('is not an address of grafana.net', `${fromCard} For another receiver use the backend otlp.`)
  }
  if (!/\/otlp\/?$/.test(pathname)) throw new ValueError('does not end in /otlp', fromCard)
  return url
}

/** The number of a stack. */
function instanceId(raw: unknown): string {
  const id = text(raw)
  if (/^\d+$/.test(id)) return id
  throw new ValueError('is not a number', 'Copy the instance id from the OpenTelemetry card of the stack.')
}

/** What is wrong with a token, as far as can be seen without trying it. */
function tokenProblem(token: string): Wrong {
  if (token.startsWith('glsa_')) {
    return {
      message: 'is a token of a service account, which cannot send telemetry',
      hint: 'Make an access policy token (glc_…) with traces:write and logs:write.',
    }
  }
  if (/\s/.test(token)) return { message: 'has white space or a line break in it', hint: 'Copy the token alone.' }
  return undefined
}

/** What is wrong with a value of `Authorization`. */
function headerProblem(authorization: Secret | undefined): Wrong {
  if (authorization === undefined) {
    return { message: 'has no Authorization', hint: 'Write Authorization=Basic <base64 of instance id:token>.' }
  }
  try {
    const { user, password } = basicCredentials(authorization.reveal())
    if (!/^\d+$/.test(user)) {
      return {
        message: 'decodes to an instance id that is not a number',
        hint: 'Encode <instance id>:<token>, in this order.',
      }
    }
    if (password === '') return { message: 'decodes to an empty token', hint: 'Encode <instance id>:<token>.' }
    if (/\s$/.test(password)) {
      return {
        message: 'decodes to a token that ends in a line break',
        hint: 'Encode without one: printf "%s" "id:token" | base64 -w0.',
      }
    }
    return tokenProblem(password)
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    return { message: error.message, ...(error.hint !== undefined && { hint: error.hint }) }
  }
}
