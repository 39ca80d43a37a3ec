import type { IncomingMessage, ServerResponse } from 'node:http'
import { watchRoute } from './http/express-route.ts'
import { observedRequest, observing } from './http/observe.ts'
import { type HttpTelemetryOptions, requireOptions } from './http/options.ts'
import type { Refusal } from './http/refusal.ts'
import { requestIdHeader } from './http/request-id.ts'
import { pathOf } from './http/request-target.ts'

export type { HttpTelemetryOptions, RequestLogger } from './http/options.ts'

/** The least of an express request that is looked at. */
export interface ExpressRequest extends IncomingMessage {
  baseUrl: string
  readonly originalUrl: string
  route?: unknown
  readonly params?: object
  readonly app?: unknown
}

type Next = (error?: unknown) => void

/**
 * Express middleware that makes the telemetry of each request complete: its route, its tenant, its id, and one log record.
 *
 * Use it on the app, before everything else. It makes no span of its own: it completes the SERVER span of the `http`
 * instrumentation, and works without one. Used again, for some of the routes as well, only its `tenant` counts: it is
 * asked too, and can refuse. `expressTelemetryErrors()` behind the routes records their errors.
 *
 * @throws TelemetryError `ERR_OPTIONS_INVALID` for options that are wrong or unknown.
 */
export function expressTelemetry<Request extends ExpressRequest = ExpressRequest>(
  options: HttpTelemetryOptions<Request> = {},
): (request: Request, response: ServerResponse, next: Next) => void {
  requireOptions('expressTelemetry()', options)
  return (request, response, next) => {
    const { method = 'GET', originalUrl, headers } = request
    const arrived = { method, path: pathOf(originalUrl), requestId: headers[requestIdHeader] }
    observing(request, arrived, options, (own, isFirst) => {
      if (isFirst) {
        watchRoute(request, (template) => own.matched(template))
        own.answeredBy(request, response)
      }
      own.identify(options.tenant, request, (error, refusal) => {
        if (refusal === undefined) next(error)
        else if (!response.headersSent) refuse(response, refusal)
      })
    })
  }
}

/**
 * Express error handler that records what a handler threw, and leaves the answer to the error handlers after it.
 *
 * Use it after the routes. An error that ends in an answer below 500 is no failure, and is not recorded.
 */
export function expressTelemetryErrors(): (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: Next,
) => void {
  return (error, request, _response, next) => {
    observedRequest(request)?.failed(error)
    next(error)
  }
}

function refuse(response: ServerResponse, { statusCode, headers, code }: Refusal): void {
  response.statusCode = statusCode
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(JSON.stringify({ error: code }))
}
