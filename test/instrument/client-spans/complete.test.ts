import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { completeClientSpan } from '../../../src/instrument/client-spans/complete.ts'
import type { EndedSpan } from '../../../src/instrument/client-spans/ended-span.ts'
import { createFlyApi } from '../../../src/instrument/client-spans/fly-api.ts'
import { pgScope } from '../../../src/instrument/client-spans/pg-hooks.ts'
import { createPeerNames } from '../../../src/instrument/client-spans/peer-names.ts'

const options = {
  peerNames: createPeerNames({ 'db.internal:5432': 'orders-db', 'db.internal': 'some-db', '*.acme.test': 'acme' }),
  flyApi: createFlyApi(undefined),
}
const span = (given: Partial<EndedSpan>): EndedSpan =>
  ({
    name: 'work',
    kind: SpanKind.CLIENT,
    duration: [0, 5_000_000],
    status: { code: SpanStatusCode.UNSET },
    instrumentationScope: { name: 'test' },
    events: [],
    ...given,
    attributes: { ...given.attributes },
  }) as EndedSpan
const completed = (attributes: EndedSpan['attributes'], kind = SpanKind.CLIENT): EndedSpan['attributes'] => {
  const own = span({ attributes, kind })
  completeClientSpan(own, options)
  return own.attributes
}

describe('a client span', () => {
  it('has both spellings of its database and of its peer, whichever it came with', () => {
    expect(completed({ 'db.system.name': 'redis' })).toEqual({ 'db.system.name': 'redis', 'db.system': 'redis' })
    expect(completed({ 'db.system': 'mongodb' })).toEqual({ 'db.system.name': 'mongodb', 'db.system': 'mongodb' })
    expect(completed({ 'service.peer.name': 'a' })).toEqual({ 'service.peer.name': 'a', 'peer.service': 'a' })
    expect(completed({ 'peer.service': 'a' })).toEqual({ 'service.peer.name': 'a', 'peer.service': 'a' })
  })

  it('is named after its address, the port before the host and the host before its suffix', () => {
    const peerAt = (address: string, port: number): unknown =>
      completed({ 'server.address': address, 'server.port': port })['peer.service']
    expect([
      peerAt('db.internal', 5432),
      peerAt('db.internal', 5433),
      peerAt('eu.acme.test', 443),
      peerAt('x', 1),
    ]).toEqual(['orders-db', 'some-db', 'acme', undefined])
  })

  it('of an older instrumentation of Postgres has no values either', () => {
    const own = span({
      instrumentationScope: { name: pgScope },
      attributes: { 'db.system': 'postgresql', 'db.statement': "select * from users where email = 'ann@acme.test'" },
    })
    completeClientSpan(own, options)
    expect(own.attributes['db.statement']).toBeUndefined()
    expect(own.attributes['db.query.text']).toBe('select * from users where email = ?')
  })

  it('of Redis that failed says why by its code, and repeats no argument', () => {
    const message = "ERR unknown command 'JSON.SET', with args beginning with: 'user:1' '$' 'ann@acme.test'"
    const own = span({
      status: { code: SpanStatusCode.ERROR, message },
      attributes: { 'db.system.name': 'redis' },
      events: [
        {
          name: 'exception',
          time: [0, 0],
          attributes: { 'exception.message': message, 'exception.stacktrace': `ReplyError: ${message}\n    at parse` },
        },
      ],
    })
    completeClientSpan(own, options)
    expect(own.attributes).toMatchObject({ 'error.type': 'ERR', 'db.response.status_code': 'ERR' })
    expect(JSON.stringify([own.status, own.events])).not.toContain('ann@acme.test')
    expect(own.events[0]?.attributes?.['exception.stacktrace']).toBe('ReplyError: ERR\n    at parse')
  })

  it('of another kind stays as it is', () => {
    const attributes = { 'db.system.name': 'redis', 'server.address': 'db.internal' }
    expect(completed(attributes, SpanKind.INTERNAL)).toEqual(attributes)
  })

  it('that waited for nothing is left out, unless it failed', () => {
    const connect = (nanos: number, code = SpanStatusCode.UNSET, name = pgScope): boolean =>
      completeClientSpan(
        span({
          name: 'pg-pool.connect',
          duration: [0, nanos],
          status: { code },
          instrumentationScope: { name },
          attributes: { 'db.system.name': 'postgresql' },
        }),
        options,
      )
    expect([connect(900_000), connect(1_100_000), connect(900_000, SpanStatusCode.ERROR)]).toEqual([false, true, true])
    expect(connect(900_000, SpanStatusCode.UNSET, 'another')).toBe(true)
  })
})
