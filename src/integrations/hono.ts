import type { ServerResponse } from 'node:http'
import type { Context, MiddlewareHandler } from 'hono'
import { inRequest } from '../tenant/current.ts'
import { ObservedRequest } from './http/observed-request.ts'
import type { HttpTelemetryOptions } from './http/options.ts'
import { refusalOf } from './http/refusal.ts'
import { requestIdHeader } from './http/request-id.ts'

export type { HttpTelemetryOptions, RequestLogger } from './http/options.ts'

const observed = new WeakMap<object, ObservedRequest>()

/**
 * Hono middleware that makes the telemetry of each request complete: its route, its tenant, its errors, its id, and one log
 * record.
 *
 * Use it before the routes; a second one changes nothing. It makes no span of its own: on `@hono/node-server` it
 * completes the SERVER span of the `http` instrumentation; it works without one.
 */
export function honoTelemetry(options: HttpTelemetryOptions<Context> = {}): MiddlewareHandler {
  return async (c, next) => {
    if (observed.has(c)) return next()
    return inRequest(async () => {
      const { method, path } = c.req
      const own = new ObservedRequest({ method, path, requestId: c.req.header(requestIdHeader) })
      observed.set(c, own)
      c.header(requestIdHeader, own.requestId)
      const { outgoing } = (c.env ?? {}) as { readonly outgoing?: ServerResponse }
      if (outgoing !== undefined) own.endsWith(outgoing, options)
      try {
        if (options.tenant !== undefined) await own.identify(options.tenant, c)
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal === undefined) throw error
        c.res = c.json({ error: refusal.code }, refusal.statusCode as never, { ...refusal.headers })
        if (outgoing === undefined) own.ended(c.res.status, true, options)
        return
      }
      await next()
      const route = routeOf(c)
      if (route !== undefined) own.matched(route)
      if (c.error !== undefined) own.failed(c.error)
      if (outgoing === undefined) own.ended(c.res.status, true, options)
    })
  }
}

interface Matched {
  readonly method: string
  readonly path: string
}

/** The template of the handler that answered: the last that matched and is no middleware of a whole subtree. */
function routeOf(c: Context): string | undefined {
  const { matchedRoutes = [] } = c.req as unknown as { readonly matchedRoutes?: readonly Matched[] }
  const handlers = matchedRoutes.filter(({ method, path }) => method !== 'ALL' || !path.endsWith('*'))
  return handlers.at(-1)?.path
}
