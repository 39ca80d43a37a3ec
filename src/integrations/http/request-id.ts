import { randomUUID } from 'node:crypto'
import { currentAttributes } from '../../tenant/current.ts'

/** The header that names a request, in the spelling of Node's `headers`. */
export const requestIdHeader = 'x-request-id'

const acceptable = /^[\w.:/+=@-]{1,128}$/

/** The id of a request: the one its caller gave it, the one that came as baggage, or a new one. */
export function requestIdOf(given: unknown): string {
  if (isAcceptable(given)) return given
  const carried = currentAttributes()['request.id']
  return isAcceptable(carried) ? carried : randomUUID()
}

function isAcceptable(id: unknown): id is string {
  return typeof id === 'string' && acceptable.test(id)
}
