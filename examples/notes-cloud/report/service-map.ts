// The service map of a set of spans, by the rules of Tempo's service graph processor
// (grafana/tempo, modules/generator/processor/servicegraphs): a CLIENT span and the SERVER span whose parent it is make an
// edge, as do PRODUCER and CONSUMER; a call to a database ends in a node named after it; a CLIENT span that nobody answered
// ends in a node named after its peer; a root SERVER or CONSUMER span is called by its peer, or by `user`.
import type { ReceivedSpan } from '../../../test/support/otlp-decode.ts'

export interface Edge {
  readonly from: string
  readonly to: string
  readonly kind: 'request' | 'messaging' | 'database' | 'virtual'
  readonly calls: number
  readonly failed: number
}

const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const CONSUMER = 5
const ERROR = 2

/** Longest that the two spans of an edge may be apart: what Tempo waits for the other one. */
const waitNanos = 10_000_000_000n

const databaseKeys = ['db.namespace', 'db.name', 'db.system', 'db.system.name']
const peerKeys = ['peer.service', 'db.name', 'db.system', 'db.system.name']

const idOf = (traceId: string, spanId: string): string => `${traceId}/${spanId}`
const serviceOf = ({ resource }: ReceivedSpan): string => String(resource['service.name'])
const isFailed = ({ status }: ReceivedSpan): boolean => status.code === ERROR

function firstOf({ attributes }: ReceivedSpan, keys: readonly string[]): string | undefined {
  const key = keys.find((each) => attributes[each] !== undefined)
  return key === undefined ? undefined : String(attributes[key])
}

function isPair(call: ReceivedSpan, answer: ReceivedSpan): boolean {
  if ((call.kind === CLIENT) !== (answer.kind === SERVER)) return false
  const apart = BigInt(call.endTimeUnixNano) - BigInt(answer.endTimeUnixNano)
  return apart < waitNanos && apart > -waitNanos
}

/** The edges, in the order of their names. */
export function serviceMap(spans: readonly ReceivedSpan[]): Edge[] {
  const edges = new Map<string, { -readonly [Key in keyof Edge]: Edge[Key] }>()
  const add = (from: string, to: string, kind: Edge['kind'], failed: boolean): void => {
    const key = `${from}\n${to}\n${kind}`
    const edge = edges.get(key) ?? { from, to, kind, calls: 0, failed: 0 }
    edge.calls += 1
    if (failed) edge.failed += 1
    edges.set(key, edge)
  }
  const answers = new Map<string, ReceivedSpan[]>()
  for (const span of spans.filter(({ kind }) => kind === SERVER || kind === CONSUMER)) {
    if (span.parentSpanId === '') add(firstOf(span, peerKeys) ?? 'user', serviceOf(span), 'virtual', isFailed(span))
    const parent = idOf(span.traceId, span.parentSpanId)
    answers.set(parent, [...(answers.get(parent) ?? []), span])
  }
  for (const call of spans.filter(({ kind }) => kind === CLIENT || kind === PRODUCER)) {
    if (firstOf(call, databaseKeys) !== undefined) {
      const node = firstOf(call, ['peer.service', 'server.address', 'network.peer.address', ...databaseKeys])
      add(serviceOf(call), node as string, 'database', isFailed(call))
      continue
    }
    const answer = answers.get(idOf(call.traceId, call.spanId))?.find((each) => isPair(call, each))
    if (answer !== undefined) {
      const kind = call.kind === PRODUCER ? 'messaging' : 'request'
      add(serviceOf(call), serviceOf(answer), kind, isFailed(call) || isFailed(answer))
    } else if (call.kind === CLIENT) {
      const peer = firstOf(call, peerKeys)
      if (peer !== undefined) add(serviceOf(call), peer, 'virtual', isFailed(call))
    }
  }
  return [...edges.values()].sort((a, b) => `${a.from} ${a.to}`.localeCompare(`${b.from} ${b.to}`))
}

const arrows: Readonly<Record<Edge['kind'], string>> = {
  request: '──▶',
  messaging: '┄┄▶',
  database: '──▶',
  virtual: '──▶',
}

/** The edges as lines of a terminal. */
export function drawServiceMap(edges: readonly Edge[]): string[] {
  const width = Math.max(...edges.map(({ from }) => from.length))
  const toWidth = Math.max(...edges.map(({ to }) => to.length))
  return edges.map(({ from, to, kind, calls, failed }) => {
    const counts = `${String(calls).padStart(5)}${failed === 0 ? '' : `  ${failed} failed`}`
    return `  ${from.padStart(width)} ${arrows[kind]} ${to.padEnd(toWidth)} ${kind.padEnd(9)}${counts}`
  })
}
