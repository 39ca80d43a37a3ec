import { createRequire } from 'node:module'

/** A metric as it arrived. */
export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  readonly kind: 'sum' | 'gauge' | 'histogram' | 'exponentialHistogram' | 'unknown'
  /** 2 is cumulative. */
  readonly temporality: number
  readonly scope: string
  readonly resource: Readonly<Record<string, unknown>>
  readonly points: readonly ReceivedPoint[]
}

export interface ReceivedPoint {
  /** Of a histogram the count. */
  readonly value: number
  readonly sum: number | undefined
  readonly attributes: Readonly<Record<string, unknown>>
}

interface KeyValue {
  key: string
  value?: { stringValue?: string; intValue?: { toString(): string }; boolValue?: boolean; doubleValue?: number } | null
}
interface Point {
  attributes: KeyValue[]
  asInt?: { toString(): string } | null
  asDouble?: number | null
  count?: { toString(): string } | null
  sum?: number | null
}
type Data = { dataPoints: Point[]; aggregationTemporality?: number } | null
interface Metric {
  name: string
  unit: string
  sum?: Data
  gauge?: Data
  histogram?: Data
  exponentialHistogram?: Data
}
interface Request {
  resourceMetrics: {
    resource?: { attributes: KeyValue[] } | null
    scopeMetrics: { scope?: { name: string } | null; metrics: Metric[] }[]
  }[]
}

const root = createRequire(import.meta.url)('otlp-decoder/build/src/generated/root.js') as {
  opentelemetry: {
    proto: {
      collector: {
        metrics: {
          v1: {
            ExportMetricsServiceRequest: { decode(bytes: Uint8Array): Request }
            ExportMetricsServiceResponse: { encode(value: object): { finish(): Uint8Array } }
          }
        }
      }
    }
  }
}

const attributesOf = (list: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      value?.intValue
        ? Number(value.intValue.toString())
        : (value?.stringValue ?? value?.boolValue ?? value?.doubleValue),
    ]),
  )

/** The metrics of an `ExportMetricsServiceRequest`; decoded with the official generated classes. */
export function decodeMetrics(bytes: Uint8Array): ReceivedMetric[] {
  const { resourceMetrics } = root.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest.decode(bytes)
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics.map((metric) => {
        const kind = (['sum', 'gauge', 'histogram', 'exponentialHistogram'] as const).find((each) => metric[each])
        const data = kind === undefined ? null : metric[kind]
        return {
          name: metric.name,
          unit: metric.unit,
          kind: kind ?? ('unknown' as const),
          temporality: data?.aggregationTemporality ?? 0,
          scope: scope?.name ?? '',
          resource: attributesOf(resource?.attributes),
          points: (data?.dataPoints ?? []).map((point) => ({
            value: Number((point.count ?? point.asInt ?? point.asDouble ?? 0).toString()),
            sum: point.sum ?? undefined,
            attributes: attributesOf(point.attributes),
          })),
        }
      }),
    ),
  )
}

/** The answer of a receiver of metrics that has something to say. */
export function encodeMetricsPartialSuccess(rejectedDataPoints: number, errorMessage: string): Uint8Array {
  const { ExportMetricsServiceResponse } = root.opentelemetry.proto.collector.metrics.v1
  return ExportMetricsServiceResponse.encode({ partialSuccess: { rejectedDataPoints, errorMessage } }).finish()
}
