import { SpanKind } from '@opentelemetry/api'
import { completeDatabaseSpan } from './database.ts'
import type { EndedSpan } from './ended-span.ts'
import { type FlyApi, nameFlyCall } from './fly-api.ts'
import type { PeerNames } from './peer-names.ts'
import { isFreeConnection } from './pg-hooks.ts'

/** What calls to other services are completed with. */
export interface ClientSpanOptions {
  readonly peerNames: PeerNames
  readonly flyApi: FlyApi
}

/**
 * Completes a CLIENT span that has ended, whatever library made it; false where it says nothing and is left out.
 *
 * A service map needs to know who was called. Tempo takes that from attributes that the libraries no longer write since
 * the conventions renamed them, so both spellings are there: `db.system` beside `db.system.name`, `peer.service` beside
 * `service.peer.name`.
 */
export function completeClientSpan(span: EndedSpan, { peerNames, flyApi }: ClientSpanOptions): boolean {
  if (span.kind !== SpanKind.CLIENT) return true
  const { attributes } = span
  if (attributes['db.system.name'] !== undefined || attributes['db.system'] !== undefined) {
    if (isFreeConnection(span)) return false
    completeDatabaseSpan(span)
  } else if (flyApi.isAt(attributes)) {
    nameFlyCall(span)
  }
  const peer = attributes['peer.service'] ?? attributes['service.peer.name'] ?? peerNames(attributes)
  if (peer !== undefined) {
    attributes['peer.service'] ??= peer
    attributes['service.peer.name'] ??= peer
  }
  return true
}
