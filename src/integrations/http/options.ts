import type { Tenant } from '../../tenant/tenant.ts'

/** The least of a pino logger that the request record needs. */
export interface RequestLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What `signalbox/fastify`, `/express` and `/hono` can be told; `Request` is what their handlers are given. */
export interface HttpTelemetryOptions<Request> {
  /**
   * Tells whose request it is, usually from a verified token: `auth.tenant` of `signalbox/authkit`.
   *
   * Runs once a request, before its handlers. When it throws or rejects no handler runs: an error with a `statusCode`
   * (or `status`) from 400 to 599 and a `code` is answered with that status and `{ "error": code }`, with the `headers` of
   * the error; any other goes to the framework's own error handling. Undefined leaves the request without a tenant.
   */
  readonly tenant?: (request: Request) => Tenant | undefined | Promise<Tenant | undefined>
  /** Whether one log record is written for each request. Default: true. */
  readonly requestLog?: boolean
  /** Where it is written. Default: `logger` of this package. */
  readonly logger?: RequestLogger
}
