// One tenant: its requests, errors, latency, jobs, statements, logs and traces. `npm run deploy:generate` writes the JSON.
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as Logs } from '@grafana/grafana-foundation-sdk/logs'
import { DataqueryBuilder as LogQl } from '@grafana/grafana-foundation-sdk/loki'
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'
import { DataqueryBuilder as TraceQl, SearchTableType } from '@grafana/grafana-foundation-sdk/tempo'
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries'

const tempo = { type: 'tempo', uid: '${tempo}' }
const loki = { type: 'loki', uid: '${loki}' }

/** Spans of the tenant and the services chosen. */
const spans = (condition: string): string =>
  `{ span.tenant.id = "$tenant" && resource.service.name =~ "$service" && resource.deployment.environment.name =~ "$environment" && ${condition} }`
const records = (pipeline: string): string =>
  `{service_name=~"$service", deployment_environment_name=~"$environment"} | tenant_id="$tenant"${pipeline}`

const traces = (query: string): TraceQl => new TraceQl().refId('A').queryType('traceql').query(query)
const found = (query: string): TraceQl => traces(query).tableType(SearchTableType.Traces).limit(50)
const logs = (query: string): LogQl => new LogQl().refId('A').expr(query)

const graph = (title: string, unit: string, query: string): TimeSeries =>
  new TimeSeries().title(title).unit(unit).datasource(tempo).span(8).height(8).withTarget(traces(query))
const table = (title: string, query: string): Table =>
  new Table().title(title).datasource(tempo).span(12).height(9).withTarget(found(query))

/** The dashboard; tenant, service and environment are its variables, and so are the data sources. */
export function tenantDashboard(): Dashboard {
  return new DashboardBuilder('Tenant')
    .uid('signalbox-tenant')
    .tags(['signalbox'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('1m')
    .withVariable(new DatasourceVariableBuilder('tempo').label('Traces').type('tempo'))
    .withVariable(new DatasourceVariableBuilder('loki').label('Logs').type('loki'))
    .withVariable(new TextBoxVariableBuilder('tenant').label('Tenant').defaultValue(''))
    .withVariable(new TextBoxVariableBuilder('service').label('Service').defaultValue('.+'))
    .withVariable(new TextBoxVariableBuilder('environment').label('Environment').defaultValue('.+'))
    .withRow(new RowBuilder('Requests'))
    .withPanel(graph('Requests by service', 'reqps', `${spans('kind = server')} | rate() by (resource.service.name)`))
    .withPanel(
      graph(
        'Failed requests',
        'reqps',
        `${spans('kind = server && status = error')} | rate() by (resource.service.name)`,
      ),
    )
    .withPanel(
      graph('Duration, p50 and p95', 's', `${spans('kind = server')} | quantile_over_time(duration, 0.5, 0.95)`),
    )
    .withRow(new RowBuilder('Behind the requests'))
    .withPanel(
      graph(
        'Jobs by queue',
        'ops',
        `${spans('kind = consumer')} | rate() by (span.messaging.destination.name, status)`,
      ),
    )
    .withPanel(
      graph(
        'Statements, p95',
        's',
        `${spans('span.db.query.text != nil')} | quantile_over_time(duration, 0.95) by (span.db.query.summary)`,
      ),
    )
    .withPanel(
      graph(
        'Calls of others that failed',
        'ops',
        `${spans('kind = client && span.peer.service != nil && status = error')} | rate() by (span.peer.service)`,
      ),
    )
    .withRow(new RowBuilder('Traces'))
    .withPanel(table('Slowest requests', spans('kind = server && duration > 200ms')))
    .withPanel(table('Traces with errors', spans('status = error')))
    .withRow(new RowBuilder('Logs'))
    .withPanel(
      new TimeSeries()
        .title('Records by level')
        .datasource(loki)
        .span(24)
        .height(6)
        .withTarget(logs(`sum by (detected_level) (count_over_time(${records('')} | keep detected_level [$__auto]))`)),
    )
    .withPanel(
      new Logs()
        .title('Errors')
        .datasource(loki)
        .span(12)
        .height(12)
        .withTarget(logs(records(' | detected_level=~"error|fatal"'))),
    )
    .withPanel(
      new Logs()
        .title('Everything')
        .datasource(loki)
        .span(12)
        .height(12)
        .withTarget(logs(records(''))),
    )
    .build()
}
