import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context, MiddlewareHandler, Next } from 'hono'
import type { ObservedRequest } from './http/observed-request.ts'
import { observing } from './http/observe.ts'
import { type HttpTelemetryOptions, requireOptions } from './http/options.ts'
import { statusOf } from './http/refusal.ts'
import { requestIdHeader } from './http/request-id.ts'
import { pathOf } from './http/request-target.ts'

export type { HttpTelemetryOptions, RequestLogger } from './http/options.ts'

/** What `@hono/node-server` puts into `c.env`. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

type Resolver = NonNullable<HttpTelemetryOptions<Context>['tenant']>

/**
 * Hono middleware that makes the telemetry of each request complete: its route, its tenant, its errors, its id, and one log
 * record.
 *
 * Use it before the routes. It makes no span of its own: on `@hono/node-server` it completes the SERVER span of the `http`
 * instrumentation; it works without one. Used again, for some of the routes as well, only its `tenant` counts: it is
 * asked too, and can refuse.
 *
 * @throws TelemetryError `ERR_OPTIONS_INVALID` for options that are wrong or unknown.
 */
export function honoTelemetry(options: HttpTelemetryOptions<Context> = {}): MiddlewareHandler {
  requireOptions('honoTelemetry()', options)
  return (c, next) => {
    const { incoming, outgoing } = (c.env ?? {}) as NodeBindings
    const requestId = incoming === undefined ? c.req.header(requestIdHeader) : incoming.headers[requestIdHeader]
    const arrived = { method: c.req.method, path: pathOf(incoming?.url ?? c.req.url), requestId }
    return observing(incoming ?? c.req.raw, arrived, options, async (own, isFirst) => {
      const { tenant } = options
      if (!isFirst) return (tenant && (await refusalBy(tenant, c, own))) ?? next()
      own.matched(routeOf(c))
      if (incoming === undefined || outgoing === undefined) return answered(c, own, () => handled(c, own, tenant, next))
      own.answeredBy(incoming, outgoing)
      return handled(c, own, tenant, next)
    })
  }
}

/** Asks whose request it is; the answer to one that is refused. */
function refusalBy(tenant: Resolver, c: Context, own: ObservedRequest): Promise<Response | undefined> {
  return new Promise((resolve, reject) => {
    own.identify(tenant, c, (error, refusal) => {
      if (refusal !== undefined) {
        resolve(c.json({ error: refusal.code }, refusal.statusCode as never, { ...refusal.headers }))
      } else if (error === undefined) resolve(undefined)
      else reject(error)
    })
  })
}

async function handled(
  c: Context,
  own: ObservedRequest,
  tenant: Resolver | undefined,
  next: Next,
): Promise<Response | undefined> {
  const refused = tenant && (await refusalBy(tenant, c, own))
  if (refused !== undefined) return refused
  try {
    await next()
  } catch (error) {
    // Hono has handled errors before they get here: this is something else that was thrown.
    own.failed(error)
    throw error
  } finally {
    own.matched(routeOf(c))
    if (c.error !== undefined) own.failed(c.error)
  }
  return undefined
}

/** What Node's response does elsewhere, for a request that has none: the header, and the end. */
async function answered(
  c: Context,
  own: ObservedRequest,
  answer: () => Promise<Response | undefined>,
): Promise<Response | undefined> {
  try {
    const refused = await answer()
    if (refused !== undefined) c.res = refused
    c.header(requestIdHeader, own.requestId)
    own.ended(c.res.status, true)
    return undefined
  } catch (error) {
    own.ended(statusOf(error), true)
    throw error
  }
}

interface Matched {
  readonly method: string
  readonly path: string
}

/** The template of the handler that has answered, or else of the first that may; middleware of a subtree is none. */
function routeOf(c: Context): string | undefined {
  const { matchedRoutes = [], routeIndex } = c.req as unknown as {
    readonly matchedRoutes?: readonly Matched[]
    readonly routeIndex: number
  }
  const answering = matchedRoutes[routeIndex]
  if (answering !== undefined && isHandler(answering)) return answering.path
  return matchedRoutes.slice(routeIndex).find(isHandler)?.path
}

function isHandler({ method, path }: Matched): boolean {
  return method !== 'ALL' || !path.endsWith('*')
}
