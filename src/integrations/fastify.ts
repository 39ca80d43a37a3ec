import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { observedRequest, observing } from './http/observe.ts'
import { type HttpTelemetryOptions, requireOptions } from './http/options.ts'
import type { Refusal } from './http/refusal.ts'
import { requestIdHeader } from './http/request-id.ts'
import { pathOf } from './http/request-target.ts'

export type { HttpTelemetryOptions, RequestLogger } from './http/options.ts'

/** What fastify's own `register()` takes beside the options of a plugin. */
const registerOptions = ['prefix', 'logLevel', 'logSerializers']

/**
 * Fastify plugin that makes the telemetry of each request complete: its route, its tenant, its errors, its id, and one
 * log record.
 *
 * Register it before the routes; it reaches all of them, in every encapsulated context. It makes no span of its own: it
 * completes the SERVER span of the `http` instrumentation, and works without one. Registered again, for some of the routes
 * as well, only its `tenant` counts: it is asked too, and can refuse.
 *
 * `request.id` becomes the request's id, the one of `x-request-id`.
 *
 * Registering fails with TelemetryError `ERR_OPTIONS_INVALID` for options that are wrong or unknown.
 */
export const fastifyTelemetry: FastifyPluginCallback<HttpTelemetryOptions<FastifyRequest>> = Object.assign(
  ((app, options, done) => {
    try {
      requireOptions('fastifyTelemetry', options, registerOptions)
    } catch (error) {
      return done(error as Error)
    }
    app.addHook('onRequest', (request, reply, next) => {
      const { method, originalUrl, headers } = request
      const arrived = { method, path: pathOf(originalUrl), requestId: headers[requestIdHeader] }
      observing(request.raw, arrived, options, (own, isFirst) => {
        if (isFirst) {
          own.matched(request.routeOptions.url)
          own.answeredBy(request.raw, reply.raw)
          request.id = own.requestId
        }
        own.identify(options.tenant, request, (error, refusal) => {
          if (refusal === undefined) next(error)
          else if (!reply.sent) refuse(reply, refusal)
        })
      })
    })
    app.addHook('onError', (request, _reply, error, next) => {
      observedRequest(request.raw)?.failed(error)
      next()
    })
    done()
  }) satisfies FastifyPluginCallback<HttpTelemetryOptions<FastifyRequest>>,
  { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'signalbox' },
)

function refuse(reply: FastifyReply, { statusCode, headers, code }: Refusal): void {
  void reply.code(statusCode).headers(headers).send({ error: code })
}
