import type { TextMapPropagator } from '@opentelemetry/api'
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3'
import type { PropagatorName, ResolvedConfig } from '../config/types.ts'
import { createFlyApi, type FlyApi } from './client-spans/fly-api.ts'
import { TenantPropagator } from '../tenant/propagator.ts'

/** The propagators the configuration names, by the SDK specification's `OTEL_PROPAGATORS`; baggage is the tenant's. */
export function createPropagator(
  config: Pick<ResolvedConfig, 'propagators' | 'propagation'>,
  flyApi: FlyApi = createFlyApi(undefined),
): TextMapPropagator {
  const make = (name: PropagatorName): TextMapPropagator => {
    switch (name) {
      case 'tracecontext':
        return new W3CTraceContextPropagator()
      case 'baggage':
        return new TenantPropagator({ ...config.propagation, withhold: flyApi.isAt })
      case 'b3':
        return new B3Propagator()
      case 'b3multi':
        return new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER })
    }
  }
  // Last, whatever the order: a signature is checked against the trace that the others have read.
  const names = [...config.propagators].sort((one, other) => Number(one === 'baggage') - Number(other === 'baggage'))
  return new CompositePropagator({ propagators: names.map(make) })
}
