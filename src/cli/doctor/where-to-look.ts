import type { ResolvedBackend } from '../../config/types.ts'

/** Where the test trace and its log record are to be seen in the interface of a backend. */
export function whereToLook({ type }: ResolvedBackend, traceId: string, serviceName: string): readonly string[] {
  if (type === 'grafana') {
    return [
      `Grafana: Explore, data source Tempo, query ${traceId}`,
      `Grafana: Explore, data source Loki, query {service_name=${JSON.stringify(serviceName)}} | trace_id="${traceId}"`,
    ]
  }
  if (type === 'logfire') return [`Logfire: Live view, query trace_id='${traceId}'`]
  return type === 'otlp' ? [`trace id ${traceId}`] : []
}
