import { describe, expect, it } from 'vitest'
import { serviceMap } from '../../examples/notes-cloud/report/service-map.ts'
import type { ReceivedSpan } from '../support/otlp-decode.ts'

const [SERVER, CLIENT, PRODUCER, CONSUMER] = [2, 3, 4, 5] as const
let next = 0

interface Given {
  readonly in: string
  readonly kind: number
  readonly parent?: ReceivedSpan
  readonly endMs?: number
  readonly failed?: boolean
  readonly attributes?: ReceivedSpan['attributes']
}

function span({ in: service, kind, parent, endMs = 0, failed = false, attributes = {} }: Given): ReceivedSpan {
  next += 1
  return {
    name: 'work',
    kind,
    traceId: parent?.traceId ?? next.toString(16).padStart(32, '0'),
    spanId: next.toString(16).padStart(16, '0'),
    parentSpanId: parent?.spanId ?? '',
    startTimeUnixNano: '0',
    endTimeUnixNano: String(BigInt(endMs) * 1_000_000n),
    status: { code: failed ? 2 : 0, message: '' },
    attributes,
    events: [],
    links: [],
    resource: { 'service.name': service },
    scope: { name: '', version: '', attributes: {} },
  }
}
const edges = (...spans: ReceivedSpan[]): string[] =>
  serviceMap(spans).map(({ from, to, kind, calls, failed }) => `${from} > ${to} ${kind} ${calls} ${failed}`)

describe('the service map', () => {
  it('pairs a client span with the server span that is its child, and a producer with its consumer', () => {
    const root = span({ in: 'a', kind: SERVER })
    const call = span({ in: 'a', kind: CLIENT, parent: root })
    const send = span({ in: 'a', kind: PRODUCER, parent: root })
    const served = span({ in: 'b', kind: SERVER, parent: call })
    const processed = span({ in: 'c', kind: CONSUMER, parent: send, failed: true })
    expect(edges(processed, served, send, call, root)).toEqual([
      'a > b request 1 0',
      'a > c messaging 1 1',
      'user > a virtual 1 0',
    ])
  })

  it('makes no edge across an inner span, of a link, or of what is more than ten seconds apart', () => {
    const root = span({ in: 'a', kind: SERVER })
    const call = span({ in: 'a', kind: CLIENT, parent: root })
    const inner = span({ in: 'b', kind: 1, parent: call })
    const served = span({ in: 'b', kind: SERVER, parent: inner })
    const send = span({ in: 'a', kind: PRODUCER, parent: root })
    const late = span({ in: 'c', kind: CONSUMER, parent: send, endMs: 10_001 })
    const linked = {
      ...span({ in: 'c', kind: CONSUMER, attributes: { 'peer.service': 'jobs' } }),
      links: [{ ...send, attributes: {} }],
    }
    expect(edges(root, call, inner, served, send, late, linked)).toEqual([
      'jobs > c virtual 1 0',
      'user > a virtual 1 0',
    ])
  })

  it('names a database by its peer, else by its address, else by what it is', () => {
    const db = { 'db.system.name': 'postgresql' }
    expect(
      edges(
        span({
          in: 'a',
          kind: CLIENT,
          attributes: { ...db, 'server.address': 'db.internal', 'peer.service': 'notes-db' },
        }),
        span({ in: 'a', kind: CLIENT, attributes: { ...db, 'server.address': 'db.internal' }, failed: true }),
        span({ in: 'a', kind: CLIENT, attributes: db }),
      ),
    ).toEqual(['a > db.internal database 1 1', 'a > notes-db database 1 0', 'a > postgresql database 1 0'])
  })

  it('ends a call that nobody answered at its peer, or nowhere', () => {
    expect(
      edges(
        span({ in: 'a', kind: CLIENT, attributes: { 'peer.service': 'fly', 'server.address': 'x' } }),
        span({ in: 'a', kind: CLIENT, attributes: { 'server.address': 'x' } }),
        span({ in: 'a', kind: CLIENT, attributes: { 'service.peer.name': 'x' } }),
      ),
    ).toEqual(['a > fly virtual 1 0'])
  })
})
