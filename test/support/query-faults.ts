import type { LRParser } from '@lezer/lr'

/** Places where a query is none, by the grammar; empty where it parses. */
export function faults(parser: LRParser, query: string): string[] {
  const found: string[] = []
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) found.push(`${from}-${to}: ${query.slice(Math.max(0, from - 20), to + 20)}`)
    },
  })
  return found
}

/** Attributes that the library, its integrations and the semantic conventions they follow write. */
const attributes = new Set(
  (
    'tenant.id tenant.app_name user.id operation.type workflow.id request.id error.type job.id job.name job.attempt ' +
    'messaging.destination.name messaging.operation.name messaging.system http.route http.response.status_code ' +
    'http.server.request.duration url.template peer.service db.system.name db.query.text db.query.summary ' +
    'db.response.returned_rows mcp.method.name gen_ai.tool.name service.name deployment.environment.name'
  ).split(' '),
)

/** Names in a query, found by the pattern's first group, that nothing writes. */
export function unknownAttributes(query: string, pattern: RegExp): string[] {
  return [...query.matchAll(pattern)].map(([, name = '']) => name).filter((name) => !attributes.has(name))
}

/** Columns of Logfire's `records`: https://logfire.pydantic.dev/docs/reference/sql/. */
export const logfireColumns: ReadonlySet<string> = new Set(
  (
    'start_timestamp end_timestamp duration trace_id span_id parent_span_id kind span_name message level tags ' +
    'is_exception exception_type exception_message exception_stacktrace attributes otel_status_code ' +
    'otel_status_message otel_resource_attributes service_name service_namespace service_version ' +
    'deployment_environment http_response_status_code http_route http_method url_path log_body *'
  ).split(' '),
)
