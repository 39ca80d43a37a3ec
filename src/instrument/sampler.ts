import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { ResolvedConfig } from '../config/types.ts'
import { rememberUnrecorded } from '../tenant/unrecorded-span.ts'

/** The sampler the configuration names, by the SDK specification's `OTEL_TRACES_SAMPLER`. */
export function createSampler({ name, ratio }: ResolvedConfig['sampler']): Sampler {
  return rememberUnrecorded(named(name, ratio))
}

function named(name: ResolvedConfig['sampler']['name'], ratio: number): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler()
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio)
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() })
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() })
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
  }
}
