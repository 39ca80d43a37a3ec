import { randomUUID } from 'node:crypto'
import { currentAttributes } from '../../tenant/current.ts'

/** The header that names a request, in the spelling of Node's `headers`. */
export const requestIdHeader = 'x-request-id'

const acceptable = /^[\w.:/+=@-]{1,128}$/

/** The id of a request: the one its caller gave it, the one that came as baggage, or a new one. */
export function requestIdOf(given: unknown): string {
  if (typeof given === 'string' && acceptable.test(given)) return given
  const carried = currentAttributes()['request.id']
  return typeof carried === 'string' ? carried : randomUUID()
}
