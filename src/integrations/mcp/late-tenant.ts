import { type Context, trace } from '@opentelemetry/api'
import { type Scope, scopeOf, scopeOfSpan } from '../../tenant/scope.ts'
import type { Exchange } from './exchange.ts'

const carriers = new WeakMap<Exchange, Scope>()
const carried = new WeakMap<Scope, number>()

/** Remembers the request that carries an MCP request: the one its parent span, of this process, is part of. */
export function rememberCarrier(exchange: Exchange, parent: Context): void {
  const carrier = trace.getSpanContext(parent)?.isRemote === true ? undefined : scopeOf(parent)?.request
  if (carrier?.opener === undefined) return
  carriers.set(exchange, carrier)
  carried.set(carrier, (carried.get(carrier) ?? 0) + 1)
}

/**
 * Gives the request that carried an MCP request the tenant its handler learned, where it knows none itself.
 *
 * A handler that authenticates is part of the HTTP request it answers. One that carried several MCP requests stays
 * without: they may be of several tenants.
 */
export function passOnTenant(exchange: Exchange): void {
  const carrier = carriers.get(exchange)
  if (carrier === undefined || carried.get(carrier) !== 1 || carrier.tenant() !== undefined) return
  const tenant = scopeOfSpan(exchange.span)?.tenant()
  if (tenant !== undefined) carrier.bind(tenant)
}
