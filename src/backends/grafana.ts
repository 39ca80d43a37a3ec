import { signalUrl } from '../config/parsers/url.ts'
import { Secret } from '../config/secret.ts'
import { type BackendType, defineBackend } from './backend.ts'
import { type GrafanaOptions, grafanaOptions, grafanaProblems } from './parts/grafana-options.ts'
import { otlpHttp } from './otlp-http.ts'

/**
 * Grafana Cloud, through the OTLP gateway of a stack: traces to Tempo, log records to Loki.
 *
 * `instanceId` and `apiKey` win over an `Authorization: Basic` among `headers`; one of the two ways is needed. Other
 * headers are not sent: they may be meant for another receiver. https://grafana.com/docs/grafana-cloud/send-data/otlp/
 */
export const grafanaBackend: BackendType<GrafanaOptions> = defineBackend({
  type: 'grafana',
  summary: 'Grafana Cloud: traces to Tempo, log records to Loki.',
  options: grafanaOptions,
  problems: grafanaProblems,
  connect: ({ endpoint, instanceId, apiKey, headers }, { timeoutMs, compression, exporter }) => {
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
    })
  },
})
