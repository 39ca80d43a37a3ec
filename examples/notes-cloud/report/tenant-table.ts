import type { ReceivedLogRecord, ReceivedSpan } from '../../../test/support/otlp-decode.ts'

export interface TenantRow {
  readonly tenantId: string
  readonly requests: number
  readonly errors: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly spans: number
  readonly logRecords: number
}

const SERVER = 2
const ERROR = 2

const durationMs = ({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan): number =>
  Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0
}

/** What each tenant's requests at a service were like; a request failed where its span or its MCP operation did. */
export function tenantTable(
  spans: readonly ReceivedSpan[],
  logRecords: readonly ReceivedLogRecord[],
  edge: string,
): TenantRow[] {
  const tenantIds = new Set(
    spans.map(({ attributes }) => attributes['tenant.id']).filter((id) => typeof id === 'string'),
  )
  return [...tenantIds].sort().map((tenantId) => {
    const own = spans.filter(({ attributes }) => attributes['tenant.id'] === tenantId)
    const served = own.filter(({ kind, resource }) => kind === SERVER && resource['service.name'] === edge)
    const operations = served.filter(({ attributes }) => attributes['mcp.method.name'] === 'tools/call')
    const durations = operations.map(durationMs).sort((a, b) => a - b)
    return {
      tenantId,
      requests: operations.length,
      errors: operations.filter(({ status }) => status.code === ERROR).length,
      p50Ms: quantile(durations, 0.5),
      p95Ms: quantile(durations, 0.95),
      spans: own.length,
      logRecords: logRecords.filter(({ attributes }) => attributes['tenant.id'] === tenantId).length,
    }
  })
}

/** The table as lines of a terminal. */
export function drawTenantTable(rows: readonly TenantRow[]): string[] {
  const head = ['tenant', 'requests', 'errors', 'p50 ms', 'p95 ms', 'spans', 'log records']
  const cells = rows.map(({ tenantId, requests, errors, p50Ms, p95Ms, spans, logRecords }) => [
    tenantId,
    String(requests),
    String(errors),
    p50Ms.toFixed(0),
    p95Ms.toFixed(0),
    String(spans),
    String(logRecords),
  ])
  const widths = head.map((text, column) => Math.max(text.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `  ${row.map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!))).join('  ')}`
  return [line(head), ...cells.map(line)]
}
