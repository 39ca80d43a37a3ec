import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { inRequest } from '../tenant/current.ts'
import { ObservedRequest } from './http/observed-request.ts'
import type { HttpTelemetryOptions } from './http/options.ts'
import { refusalOf } from './http/refusal.ts'
import { requestIdHeader } from './http/request-id.ts'

export type { HttpTelemetryOptions, RequestLogger } from './http/options.ts'

const installed = Symbol.for('signalbox.fastify')
const observed = new WeakMap<FastifyRequest, ObservedRequest>()

const pathOf = (url: string): string => url.split(/[?#]/, 1)[0] as string

/**
 * Fastify plugin that makes the telemetry of each request complete: its route, its tenant, its errors, its id, and one
 * log record.
 *
 * Register it before the routes; it reaches all of them, in every encapsulated context. A second registration changes
 * nothing. It makes no span of its own: it completes the SERVER span of the `http` instrumentation, and works without one.
 */
export const fastifyTelemetry: FastifyPluginCallback<HttpTelemetryOptions<FastifyRequest>> = Object.assign(
  ((app, options, done) => {
    if (Reflect.has(app, installed)) return done()
    app.decorate(installed as never, true as never)

    app.addHook('onRequest', (request, reply, next) => {
      inRequest(() => {
        const own = observe(request, reply)
        own.endsWith(reply.raw, options)
        if (options.tenant === undefined) return next()
        void identified(own.identify(options.tenant, request), reply, next)
      })
    })
    app.addHook('onError', (request, _reply, error, next) => {
      observed.get(request)?.failed(error)
      next()
    })
    done()
  }) satisfies FastifyPluginCallback<HttpTelemetryOptions<FastifyRequest>>,
  { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'signalbox' },
)

function observe(request: FastifyRequest, reply: FastifyReply): ObservedRequest {
  const { method, url, headers, routeOptions } = request
  const own = new ObservedRequest({ method, path: pathOf(url), requestId: headers[requestIdHeader] })
  if (routeOptions.url !== undefined) own.matched(routeOptions.url)
  observed.set(request, own)
  reply.header(requestIdHeader, own.requestId)
  return own
}

async function identified(
  identifying: Promise<void>,
  reply: FastifyReply,
  next: (error?: Error) => void,
): Promise<void> {
  try {
    await identifying
  } catch (error) {
    return refuse(error, reply, next)
  }
  next()
}

function refuse(error: unknown, reply: FastifyReply, next: (error?: Error) => void): void {
  const refusal = refusalOf(error)
  if (refusal === undefined) return next(error as Error)
  void reply.code(refusal.statusCode).headers(refusal.headers).send({ error: refusal.code })
}
