import { type Problem, TelemetryError } from '../../errors.ts'
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
   * (or `status`) from 400 to 599 and a `code` is answered with that status and `{ "error": code }`, with those of its
   * `headers` that tell the caller what to do; any other goes to the framework's own error handling. Undefined leaves the request without a tenant.
   */
  readonly tenant?: ((request: Request) => Tenant | undefined | Promise<Tenant | undefined>) | undefined
  /** Whether one log record is written for each request. Default: true. */
  readonly requestLog?: boolean | undefined
  /** Where it is written. Default: `logger` of this package. */
  readonly logger?: RequestLogger | undefined
}

const isFunction = (value: unknown): boolean => typeof value === 'function'

const checks: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  tenant: (value) => (isFunction(value) ? undefined : 'is no function'),
  requestLog: (value) => (typeof value === 'boolean' ? undefined : 'is neither true nor false'),
  logger: (value) => {
    const methods = (value ?? {}) as Readonly<Record<string, unknown>>
    return ['info', 'warn', 'error'].every((name) => isFunction(methods[name])) ? undefined : 'is no logger'
  },
}

/**
 * Refuses options that are wrong or unknown: a misspelt `tenant` would let everybody in.
 *
 * @throws TelemetryError `ERR_OPTIONS_INVALID`, with every problem at once. `others` are options of the framework itself.
 */
export function requireOptions(factory: string, options: unknown, others: readonly string[] = []): void {
  const given = typeof options === 'object' && options !== null ? Object.entries(options) : undefined
  const problems = (given ?? [['options', undefined] as const]).flatMap(([name, value]): Problem[] => {
    if (given === undefined) return [{ source: name, message: 'the options are no object' }]
    if (others.includes(name) || (value === undefined && Object.hasOwn(checks, name))) return []
    const fault = Object.hasOwn(checks, name) ? checks[name]?.(value) : 'is no option'
    return fault === undefined ? [] : [{ source: name.slice(0, 60), message: `${name.slice(0, 60)} ${fault}` }]
  })
  if (problems.length === 0) return
  const text = problems.map(({ message }) => message).join('; ')
  throw new TelemetryError('ERR_OPTIONS_INVALID', `${factory}: ${text}`, {
    hint: 'Options are tenant (a function), requestLog (a boolean) and logger (of pino, or alike).',
    problems,
  })
}
