import { type Context, context as contextApi, ROOT_CONTEXT, type SpanContext } from '@opentelemetry/api'
import { scopeOf, withScope } from '../../tenant/scope.ts'
import { cameOverHttp } from './endpoint.ts'
import { exchangeOf } from './exchange.ts'
import type { Outgoing } from './outgoing.ts'
import { type Message, paramsOf } from './sdk.ts'
import type { Wire } from './wire.ts'

/**
 * The work that an incoming message is part of, where the context it is received in says so.
 *
 * An HTTP server receives each message in its request. What reads from stdin, or from a server's stream of messages, was
 * started by whoever connected, perhaps in somebody's request that is over or still under way: that is not whose message
 * this is. It belongs to the open request whose trace it is in; what else is kept is a tenant named for the process.
 */
export function surroundingsOf(
  wire: Wire,
  outgoing: Outgoing,
  extra: unknown,
): (sent: SpanContext | undefined) => Context {
  const active = contextApi.active()
  if (wire.kind === 'other' || cameOverHttp(wire.kind, extra) || outgoing.has(exchangeOf(active))) return () => active
  return (sent) => {
    const around = scopeOf(active)
    const isRequests = around?.request.opener !== undefined || around?.request.kind === 'request'
    const scope = scopeOf(outgoing.contextOf(sent?.traceId)) ?? (isRequests ? undefined : around)
    return scope === undefined ? ROOT_CONTEXT : withScope(ROOT_CONTEXT, scope)
  }
}

/** The context of the request whose progress a notification tells. */
export function progressContext(outgoing: Outgoing, notification: Message): Context | undefined {
  if (notification['method'] !== 'notifications/progress') return undefined
  return outgoing.find(paramsOf(notification)['progressToken'])?.context
}
