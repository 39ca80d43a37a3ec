import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Attributes, trace } from '@opentelemetry/api'
import { onTestFinished } from 'vitest'
import { currentAttributes, tenant, type Tenant } from '../../src/index.ts'
import type { RequestLogger } from '../../src/integrations/fastify.ts'

export interface RequestRecord {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
  /** What held where it was written. */
  readonly attributes: Readonly<Attributes>
  readonly traceId: string | undefined
}

/** A logger that keeps the request records, and lets a test wait for them. */
export function recordKeeper(): {
  readonly logger: RequestLogger
  readonly all: RequestRecord[]
  /** The records, once there are as many. */
  count(wanted: number): Promise<RequestRecord[]>
  /** The first record of a request id. */
  of(requestId: string): Promise<RequestRecord>
} {
  const all: RequestRecord[] = []
  const waiting = new Set<() => void>()
  const keep =
    (level: RequestRecord['level']) =>
    (fields: object, message: string): void => {
      const traceId = trace.getActiveSpan()?.spanContext().traceId
      all.push({ level, message, fields: { ...fields }, attributes: currentAttributes(), traceId })
      for (const look of waiting) look()
    }
  const until = <T>(found: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = (): void => {
        const value = found()
        if (value === undefined) return
        waiting.delete(look)
        resolve(value)
      }
      waiting.add(look)
      look()
    })
  return {
    logger: { info: keep('info'), warn: keep('warn'), error: keep('error') },
    all,
    count: (wanted) => until(() => (all.length >= wanted ? all : undefined)),
    of: (requestId) => until(() => all.find(({ attributes }) => attributes['request.id'] === requestId)),
  }
}

/** A server on loopback for one test; gives its URL. */
export async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Throws what is no error, as code that is not ours may. */
export function throwAny(value: unknown): never {
  throw value
}

/** A tenant out of what a test's header says; some names are not let in. */
export function tenantNamed(given: unknown): Tenant | undefined {
  if (given === 'refused') throw Object.assign(new Error('no'), { statusCode: 403, code: 'not_yours' })
  if (given === 'nothing') throwAny(undefined)
  if (given === 'route') throwAny('route')
  return typeof given === 'string' ? tenant({ id: given }) : undefined
}
