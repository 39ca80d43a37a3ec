import { signalUrl } from '../config/parsers/url.ts'
import { Secret } from '../config/secret.ts'
import { type BackendType, defineBackend } from './backend.ts'
import { type GrafanaOptions, grafanaOptions, grafanaProblems } from './parts/grafana-options.ts'
import { attributeOptions, type AttributeOptions, attributeProblems, viewWith } from './parts/attribute-options.ts'
import { grafanaView } from './parts/grafana-view.ts'
import { otlpHttp } from './otlp-http.ts'

/** Loki takes what is at most seven days old; an hour is left for the way. */
const lokiMaxAgeMs = (7 * 24 - 1) * 3_600_000

const hintFor = (status: number, message: string): string | undefined => {
  if (/invalid scope/i.test(message))
    return 'Give the access policy of the token the scopes traces:write, logs:write and metrics:write.'
  if (status === 401 || status === 403)
    return 'Check GRAFANA_CLOUD_INSTANCE_ID (the number on the OpenTelemetry card of the stack) and GRAFANA_CLOUD_API_KEY.'
  if (status === 404) return 'The endpoint is that of the OpenTelemetry card: it ends with /otlp.'
  return undefined
}

/**
 * Grafana Cloud, through the OTLP gateway of a stack: traces to Tempo, log records to Loki.
 *
 * `instanceId` and `apiKey` win over an `Authorization: Basic` among `headers`; one of the two ways is needed. Other
 * headers are not sent: they may be meant for another receiver. https://grafana.com/docs/grafana-cloud/send-data/otlp/
 */
export const grafanaBackend: BackendType<GrafanaOptions & AttributeOptions> = defineBackend({
  type: 'grafana',
  summary: 'Grafana Cloud: traces to Tempo, log records to Loki.',
  options: { ...grafanaOptions, ...attributeOptions },
  problems: (options, isBad) => [...grafanaProblems(options, isBad), ...attributeProblems(options)],
  connect: ({ endpoint, instanceId, apiKey, headers, ...attributes }, context) => {
    const { timeoutMs, compression, exporter } = context
    const pair = instanceId !== undefined && apiKey !== undefined ? `${instanceId}:${apiKey.reveal()}` : undefined
    const basic = pair === undefined ? undefined : new Secret(`Basic ${Buffer.from(pair).toString('base64')}`)
    // OTEL_EXPORTER_OTLP_HEADERS may hold what is meant for another receiver: nothing else of it is sent here.
    const authorization = basic ?? headers?.['authorization']
    const sent = authorization === undefined ? {} : { authorization }
    return otlpHttp({
      endpoints: { traces: signalUrl(endpoint, 'traces'), logs: signalUrl(endpoint, 'logs') },
      headers: { traces: sent, logs: sent },
      timeoutMs: { traces: timeoutMs, logs: timeoutMs },
      compression: { traces: compression, logs: compression },
      exporter,
      metrics: { url: signalUrl(endpoint, 'metrics'), headers: sent, timeoutMs, compression, tls: undefined },
      view: viewWith(grafanaView, attributes, context),
      maxAgeMs: { logs: lokiMaxAgeMs },
      hintFor,
    })
  },
})
