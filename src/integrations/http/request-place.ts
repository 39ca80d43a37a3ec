import { Socket } from 'node:net'
import { type Attributes, type Context, context, type Span, SpanKind, trace } from '@opentelemetry/api'
import { getRPCMetadata, type RPCMetadata, RPCType } from '@opentelemetry/core'
import { Scope, scopeOf, withScope } from '../../tenant/scope.ts'
import { unrecordedSpan } from '../../tenant/unrecorded-span.ts'
import { noAttributes } from '../../tenant/values.ts'
import type { Arrived } from './request-target.ts'

/** Where a request is handled: what it may name, and what it may say of itself. */
export interface RequestPlace {
  /** What the `http` instrumentation reads the route from. */
  readonly metadata: RPCMetadata | undefined
  /** The request's SERVER span. */
  readonly span: Span | undefined
  /** What the request's own attributes are added to; undefined where telemetry is not started. */
  readonly scope: Scope | undefined
}

/** Spans that are a request's already: what is handled inside is another request, made by the first one's handler. */
const taken = new WeakSet<Span>()

/**
 * Runs a function in the request under way, so that what is learned of it reaches that request and no other.
 *
 * It is that of the SERVER span. Without one (no `http` instrumentation) it is a new one: what is active then was
 * active when the server began to listen, and is every request's. A request inside another's handler
 * (`app.inject()`, `app.request()`) is part of it, and leaves the other's name, id and tenant alone.
 */
export function inRequestPlace<T>(carrier: object, arrived: Arrived, fn: (place: RequestPlace) => T): T {
  const active = context.active()
  const around = scopeOf(active)
  const metadata = getRPCMetadata(active)
  const isHttp = metadata?.type === RPCType.HTTP
  const span = isHttp ? metadata.span : trace.getSpan(active)
  if (span !== undefined && !taken.has(span) && (isHttp || isServer(span)) && isOf(span, carrier, arrived)) {
    taken.add(span)
    return fn({ metadata: isHttp ? metadata : undefined, span, scope: around?.request })
  }
  const isInside =
    around !== undefined && span !== undefined && (taken.has(span) || span.isRecording() || !cameOverSocket(carrier))
  const scope = isInside ? new Scope('tenant', noAttributes, { parent: around }) : newRequest(around)
  const own = withScope(isInside ? active : trace.deleteSpan(active), scope)
  return context.with(own, () => fn({ metadata: undefined, span: undefined, scope: started(scope) }))
}

function newRequest(around: Scope | undefined): Scope {
  return new Scope('request', around?.attributes() ?? noAttributes, { tenant: around?.tenant() })
}

/** The scope, where there is a context manager to keep it. */
function started(scope: Scope): Scope | undefined {
  const active: Context = context.active()
  return scopeOf(active) === undefined ? undefined : scope
}

/** Whether a span is that of a request which arrived: of one that did not come over a socket only where it says so. */
function isOf(span: Span, carrier: object, { method, path }: Arrived): boolean {
  const { attributes } = span as { readonly attributes?: Attributes }
  const isReal = cameOverSocket(carrier)
  if (attributes === undefined) return isReal
  const { 'http.request.method': spanMethod, 'url.path': spanPath } = attributes
  if (spanMethod === undefined && spanPath === undefined) return isReal
  return (spanMethod === method || spanMethod === '_OTHER') && spanPath === path
}

function cameOverSocket(carrier: object): boolean {
  return 'socket' in carrier && carrier.socket instanceof Socket
}

function isServer(span: Span & { readonly kind?: SpanKind }): boolean {
  return (span.kind ?? unrecordedSpan(span.spanContext())?.kind) === SpanKind.SERVER
}
