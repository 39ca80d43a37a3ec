import { context as contextApi, type Attributes, type Context } from '@opentelemetry/api'
import { diagnostics } from '../diagnostics.ts'
import { Scope, scopeOf, withScope } from './scope.ts'
import { requireTenant, type Tenant } from './tenant.ts'
import { keyFault, noAttributes, valueFault } from './values.ts'

/** The attributes that hold in a context, the active one by default; frozen, and shared as long as nothing changes. */
export function currentAttributes(context: Context = contextApi.active()): Readonly<Attributes> {
  return scopeOf(context)?.attributes() ?? noAttributes
}

/** The tenant the work at hand is for, or undefined where nobody said. */
export function currentTenant(): Tenant | undefined {
  return scopeOf(contextApi.active())?.tenant()
}

/**
 * Runs a function for a tenant: every span and log record inside carries it, here, in libraries, and in the next
 * service that may know.
 *
 * Nested calls merge and the inner one wins; the `tenant.*` attributes of another tenant do not shine through. Returns
 * what `fn` returns, and throws what it throws; with an async function the tenant holds until it settles.
 *
 * @throws TelemetryError `ERR_TENANT_INVALID` where `tenant` was not made by `tenant()`.
 */
export function withTenant<T>(tenant: Tenant, fn: () => T): T {
  const checked = requireTenant(tenant)
  return runIn((parent) => new Scope('tenant', checked, { parent, tenant: checked }), fn)
}

/**
 * Runs a function with further correlation attributes (`workflow.id`, `job.id`, …) on every span and log record.
 *
 * Keys are attribute names; values are booleans, finite numbers, or text of 1 to 256 characters without control
 * characters. Anything else is left out, counted (`attributes_rejected`) and said once: the function always runs.
 */
export function withAttributes<T>(attributes: Readonly<Attributes>, fn: () => T): T {
  const accepted = acceptable(attributes)
  return runIn((parent) => new Scope('attributes', accepted, { parent }), fn)
}

/**
 * Binds the tenant of the work that is under way, once it is known, for instance after authentication.
 *
 * Stamps the spans of this request that are already open and all spans and log records after it, in this request and
 * no other. Inside `withTenant` it replaces that tenant, for that function. A second call replaces the first. Where
 * there is no request (no span, no `withTenant`, no `withAttributes` around) nothing is bound: that is said once and
 * counted (`set_tenant_outside_request`), since a tenant bound to nothing would end on everybody's work.
 *
 * @throws TelemetryError `ERR_TENANT_INVALID` where `tenant` was not made by `tenant()`.
 */
export function setTenant(tenant: Tenant): void {
  const checked = requireTenant(tenant)
  const scope = scopeOf(contextApi.active())
  if (scope !== undefined) return scope.bindingTarget().bind(checked)
  diagnostics.count('set_tenant_outside_request')
  diagnostics.once('warn', 'setTenant() was called outside any request and bound nothing. Use withTenant(tenant, fn).')
}

/**
 * Adds correlation attributes (`workflow.id`, `order.id`, …) to the request that is under way, once they are known.
 *
 * They reach the spans of this request that are already open and all spans and log records after, as with
 * `setTenant`. A second call adds to the first; the same key is replaced. Values are checked as by `withAttributes`.
 * Where there is no request nothing is kept: that is said once and counted (`set_attributes_outside_request`).
 */
export function setAttributes(attributes: Readonly<Attributes>): void {
  const scope = scopeOf(contextApi.active())
  const accepted = acceptable(attributes)
  if (scope !== undefined) return scope.request.add(accepted)
  diagnostics.count('set_attributes_outside_request')
  diagnostics.once('warn', 'setAttributes() was called outside any request and kept nothing. Use withAttributes().')
}

/** Takes back who the request under way is for: its caller could not prove who they are. */
export function disownRequest(): void {
  scopeOf(contextApi.active())?.request.disown()
}

/** Runs a function in the request under way or, where nothing has opened one (no instrumentation), in one of its own. */
export function inRequest<T>(fn: () => T): T {
  const active = contextApi.active()
  if (scopeOf(active) !== undefined) return fn()
  return contextApi.with(withScope(active, new Scope('request', noAttributes)), fn)
}

function runIn<T>(open: (parent: Scope | undefined) => Scope, fn: () => T): T {
  const active = contextApi.active()
  const scope = open(scopeOf(active))
  return contextApi.with(withScope(active, scope), () => {
    if (scopeOf(contextApi.active()) === undefined) sayNotStarted()
    return fn()
  })
}

function sayNotStarted(): void {
  const fix = 'run node --import signalbox/register app.js, or call startTelemetry() first'
  diagnostics.once('warn', `telemetry is not started, no tenant and no attribute is kept: ${fix}.`)
}

function acceptable(attributes: Readonly<Attributes>): Readonly<Attributes> {
  const accepted: Attributes = {}
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined) continue
    const fault = keyFault(key) ?? valueFault(value)
    if (fault === undefined) {
      accepted[key] = value
      continue
    }
    diagnostics.count('attributes_rejected')
    diagnostics.once('warn', `an attribute was left out, ${JSON.stringify(key.slice(0, 60))}: it ${fault}.`)
  }
  return Object.freeze(accepted)
}
