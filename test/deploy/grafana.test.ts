import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser as logql } from '@grafana/lezer-logql'
import { parser as traceql } from '@grafana/lezer-traceql'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { generatedDeployFiles } from '../../scripts/gen-deploy.ts'
import { faults, unknownAttributes } from '../support/query-faults.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

interface Panel {
  readonly title: string
  readonly type: string
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly targets?: readonly { readonly query?: string; readonly expr?: string; readonly queryType?: string }[]
}
const dashboard = JSON.parse(read('deploy/grafana/tenant-dashboard.json')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
}
/** Variables as Grafana would put them in. */
const filledIn = (query: string): string =>
  query
    .replaceAll('$tenant', 'org_01ACME')
    .replaceAll('$service', '.+')
    .replaceAll('$environment', '.+')
    .replaceAll('$__auto', '1m')
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const queries = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })))

describe('the dashboard of a tenant', () => {
  it.each([...generatedDeployFiles()])('%s is what is generated', (file, content) => {
    expect(read(file)).toBe(content)
  })

  it.each(queries)('asks in a language that its data source understands: $title', ({ query, expr }) => {
    const text = filledIn(query ?? expr ?? '')
    expect(text).not.toMatch(/\$[a-z_]/i)
    expect(faults(query === undefined ? logql : traceql, text)).toEqual([])
    if (query !== undefined) expect(unknownAttributes(text, /(?:span|resource)\.([a-z_.]+)/g)).toEqual([])
  })

  it('asks for the tenant in every panel, and never by label', () => {
    expect(queries.length).toBeGreaterThan(9)
    for (const { title, query = '', expr = '' } of queries) {
      expect([title, `${query}${expr}`.includes('$tenant')]).toEqual([title, true])
      expect(expr.match(/\{[^}]*\}/g)?.filter((selector) => selector.includes('tenant')) ?? []).toEqual([])
    }
  })

  it('takes its data sources and its tenant from variables', () => {
    const variables = new Map(dashboard.templating.list.map(({ name, type }) => [name, type]))
    expect([variables.get('tempo'), variables.get('loki'), variables.get('tenant')]).toEqual([
      'datasource',
      'datasource',
      'textbox',
    ])
    for (const { datasource } of panels) expect(['${tempo}', '${loki}']).toContain(datasource?.uid)
  })
})

describe('the data sources', () => {
  interface Source {
    readonly name: string
    readonly type: string
    readonly uid: string
    readonly jsonData: {
      readonly tracesToLogsV2?: {
        readonly datasourceUid: string
        readonly tags: readonly object[]
        readonly query: string
      }
      readonly derivedFields?: readonly {
        readonly name: string
        readonly datasourceUid: string
        readonly matcherType: string
        readonly url: string
      }[]
      readonly serviceMap?: { readonly datasourceUid: string }
    }
  }
  const { datasources } = parse(read('deploy/grafana/datasources.yaml')) as { readonly datasources: readonly Source[] }
  const of = (type: string): Source => datasources.find((source) => source.type === type) as Source

  it('lead from traces to logs and back, and to each other by names that exist', () => {
    const uids = new Set(datasources.map(({ uid }) => uid))
    const { tracesToLogsV2, serviceMap } = of('tempo').jsonData
    const fields = of('loki').jsonData.derivedFields ?? []
    expect([tracesToLogsV2, serviceMap, ...fields].map((each) => uids.has(each?.datasourceUid ?? ''))).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(fields.map(({ name, matcherType }) => [name, matcherType])).toEqual([
      ['trace_id', 'label'],
      ['tenant_id', 'label'],
    ])
    expect(tracesToLogsV2?.tags).toEqual([{ key: 'service.name', value: 'service_name' }])
  })

  it('ask for what parses, once Grafana has put in its variables', () => {
    const query = of('tempo').jsonData.tracesToLogsV2?.query ?? ''
    const logs = query
      .replaceAll('$$', '$')
      .replace('${__tags}', 'service_name="api"')
      .replace('${__trace.traceId}', 'a'.repeat(32))
    expect(faults(logql, logs)).toEqual([])
    const [, tenant] = of('loki').jsonData.derivedFields ?? []
    expect(faults(traceql, tenant?.url.replaceAll('$$', '$').replace('${__value.raw}', 'org_01') ?? '')).toEqual([])
  })
})
