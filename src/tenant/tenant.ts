import { TelemetryError } from '../errors.ts'
import { keyFault, textFault } from './values.ts'

/** What {@link tenant} takes. Values are text of 1 to 256 characters without control characters. */
export interface TenantInput {
  /** The tenant's identifier, usually a UUID: `tenant.id`. */
  readonly id: string
  /** The identity provider's user id: `user.id`. */
  readonly userId?: string | undefined
  /** The WorkOS user id where it differs from `userId`: `workos.user.id`. */
  readonly workosUserId?: string | undefined
  /** The user's e-mail address: `user.email`. */
  readonly email?: string | undefined
  /** The Fly.io app of the tenant's instance: `tenant.app_name`. */
  readonly appName?: string | undefined
  /** Any further attribute, under its own name. */
  readonly [attribute: string]: string | undefined
}

/** Who the work is for: a frozen object whose own keys are attribute names, so that it can be a logger's bindings. */
export interface Tenant {
  readonly 'tenant.id': string
  readonly 'tenant.app_name'?: string
  readonly 'user.id'?: string
  readonly 'workos.user.id'?: string
  readonly 'user.email'?: string
  readonly [attribute: string]: string | undefined
}

const attributeNames: Readonly<Record<string, string>> = {
  id: 'tenant.id',
  appName: 'tenant.app_name',
  userId: 'user.id',
  workosUserId: 'workos.user.id',
  email: 'user.email',
}

const brand = Symbol.for('signalbox.tenant')

/** Marks attributes as a tenant and freezes them. */
export function brandTenant(attributes: Record<string, string>): Tenant {
  Object.defineProperty(attributes, brand, { value: true })
  return Object.freeze(attributes) as Tenant
}

/**
 * Makes a tenant out of what is known of it.
 *
 * The result is frozen and its own keys are attribute names (`tenant.id`, `user.id`, …), so that `logger.child(acme)`
 * and `withTenant(acme, fn)` take it as it is. A key that is undefined is left out.
 *
 * @throws TelemetryError `ERR_TENANT_INVALID`, naming every key at fault: no `id`, a value that is not a string, is
 * empty, is longer than 256 characters, has control characters or is not well-formed; a key that is no attribute name
 * or is a field of every log line (`level`, `msg`, `trace_id`, …). Values are not shown: they may be personal.
 */
export function tenant(input: TenantInput): Tenant {
  if (typeof input !== 'object' || input === null) throw invalid([`tenant() takes an object, not ${describe(input)}`])
  const attributes: Record<string, string> = {}
  const faults: string[] = []
  if (input.id === undefined) faults.push('`id` is missing')
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue
    const name = Object.hasOwn(attributeNames, key) ? (attributeNames[key] as string) : key
    const fault = keyFault(name) ?? textFault(value)
    if (fault === undefined) attributes[name] = value
    else faults.push(`\`${printable(key)}\` ${fault}`)
  }
  if (faults.length > 0) throw invalid(faults)
  return brandTenant(attributes)
}

/** Tells whether a value was made by {@link tenant}, also by another copy of this package. */
export function isTenant(value: unknown): value is Tenant {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, brand)
}

/** @throws TelemetryError `ERR_TENANT_INVALID` for anything {@link tenant} did not make. */
export function requireTenant(value: unknown): Tenant {
  if (isTenant(value)) return value
  throw new TelemetryError('ERR_TENANT_INVALID', `expected a tenant, got ${describe(value)}`, {
    hint: 'Make it with tenant({ id, … }) first.',
  })
}

function invalid(faults: readonly string[]): TelemetryError {
  return new TelemetryError('ERR_TENANT_INVALID', `invalid tenant: ${faults.join('; ')}`, {
    hint: 'Pass tenant({ id: "…", userId: "…" }) plain, non-empty strings.',
  })
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'a plain object' : typeof value
}

function printable(key: string): string {
  return JSON.stringify(key.slice(0, 60)).slice(1, -1)
}
