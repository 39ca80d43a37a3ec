import type { IncomingMessage, ServerResponse } from 'node:http'
import { inRequest } from '../tenant/current.ts'
import { ObservedRequest } from './http/observed-request.ts'
import type { HttpTelemetryOptions } from './http/options.ts'
import { refusalOf } from './http/refusal.ts'
import { requestIdHeader } from './http/request-id.ts'

export type { HttpTelemetryOptions, RequestLogger } from './http/options.ts'

/** The least of an express request that is looked at. */
export interface ExpressRequest extends IncomingMessage {
  readonly baseUrl: string
  readonly originalUrl: string
  route?: unknown
}

type Next = (error?: unknown) => void

const observed = new WeakMap<object, ObservedRequest>()

/**
 * Express middleware that makes the telemetry of each request complete: its route, its tenant, its id, and one log record.
 *
 * Use it before everything else; a second one changes nothing. It makes no span of its own: it completes the SERVER span
 * of the `http` instrumentation, and works without one. `expressTelemetryErrors()` behind the routes records their errors.
 */
export function expressTelemetry<Request extends ExpressRequest = ExpressRequest>(
  options: HttpTelemetryOptions<Request> = {},
): (request: Request, response: ServerResponse, next: Next) => void {
  return (request, response, next) => {
    if (observed.has(request)) return next()
    inRequest(() => {
      const { method = 'GET', originalUrl, headers } = request
      const path = originalUrl.split(/[?#]/, 1)[0] as string
      const own = new ObservedRequest({ method, path, requestId: headers[requestIdHeader] })
      observed.set(request, own)
      watchRoute(request, own)
      response.setHeader(requestIdHeader, own.requestId)
      own.endsWith(response, options)
      if (options.tenant === undefined) return next()
      void identified(own.identify(options.tenant, request), response, next)
    })
  }
}

/** Express error handler that records what a handler threw, and leaves the answer to the error handlers after it. */
export function expressTelemetryErrors(): (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void {
  return (error, request, _response, next) => {
    observed.get(request)?.failed(error)
    next(error)
  }
}

/**
 * Express says which route has matched by setting `request.route`, relative to the `baseUrl` of that moment: an error
 * that leaves a router takes the latter with it.
 */
function watchRoute(request: ExpressRequest, own: ObservedRequest): void {
  let route = request.route
  Object.defineProperty(request, 'route', {
    configurable: true,
    enumerable: true,
    get: () => route,
    set: (matched: unknown) => {
      route = matched
      const template = templateOf(matched)
      if (template !== undefined) own.matched(joined(request.baseUrl, template))
    },
  })
}

function templateOf(route: unknown): string | undefined {
  const { path } = (route ?? {}) as { readonly path?: string | RegExp | readonly (string | RegExp)[] }
  return path === undefined ? undefined : [path].flat().map(String).join('|')
}

function joined(base: string, template: string): string {
  return base !== '' && template === '/' ? base : `${base}${template}`
}

async function identified(identifying: Promise<void>, response: ServerResponse, next: Next): Promise<void> {
  try {
    await identifying
  } catch (error) {
    return refuse(error, response, next)
  }
  next()
}

function refuse(error: unknown, response: ServerResponse, next: Next): void {
  const refusal = refusalOf(error)
  if (refusal === undefined) return next(error)
  response.statusCode = refusal.statusCode
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value)
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(JSON.stringify({ error: refusal.code }))
}
