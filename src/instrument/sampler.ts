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
export function createSampler({ sampler, http }: Pick<ResolvedConfig, 'sampler' | 'http'>): Sampler {
  return rememberUnrecorded(named(sampler.name, sampler.ratio), pathMatcher(http.ignorePaths))
}

/** Makes a test for paths: a whole path, or one that ends in `*` for all that begin so. */
function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const whole = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1))
  return (path) => whole.has(path) || beginnings.some((beginning) => path.startsWith(beginning))
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
