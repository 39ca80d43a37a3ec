import { ObservedRequest } from './observed-request.ts'
import type { HttpTelemetryOptions } from './options.ts'
import { inRequestPlace } from './request-place.ts'
import type { Arrived } from './request-target.ts'

const observed = Symbol('signalbox.request')

/** Node's request, or that of fetch: what a request is known by, whatever framework has it in hand. */
type Carrier = object & { [observed]?: ObservedRequest }

/** What is observed of a request. */
export function observedRequest(carrier: object): ObservedRequest | undefined {
  return (carrier as Carrier)[observed]
}

/**
 * Runs a function with what is observed of a request: in the request's own place, and with `isFirst`, where nothing has
 * observed it yet.
 */
export function observing<T>(
  carrier: object,
  arrived: Arrived,
  options: HttpTelemetryOptions<never>,
  fn: (own: ObservedRequest, isFirst: boolean) => T,
): T {
  const known = observedRequest(carrier)
  if (known !== undefined) return fn(known, false)
  return inRequestPlace(carrier, arrived, (place) => {
    const own = new ObservedRequest(arrived, place, options)
    ;(carrier as Carrier)[observed] = own
    return fn(own, true)
  })
}
