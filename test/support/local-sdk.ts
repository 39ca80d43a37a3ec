import { context, propagation, trace } from '@opentelemetry/api'
import {
  AlwaysOnSampler,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { stampingSpanProcessor } from '../../src/instrument/span-processor.ts'
import { ScopedContextManager } from '../../src/tenant/context-manager.ts'
import { rememberUnrecorded } from '../../src/tenant/unrecorded-span.ts'

/** The SDK with our context manager, span processor and sampler wrapper, keeping ended spans; for tests of one room. */
export function localSdk(sampler: Sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() })): {
  readonly spans: ReadableSpan[]
  span(name: string): ReadableSpan
  stop(): void
} {
  const spans: ReadableSpan[] = []
  context.setGlobalContextManager(new ScopedContextManager().enable())
  trace.setGlobalTracerProvider(
    new TracerProvider({
      sampler: rememberUnrecorded(sampler),
      spanProcessors: [stampingSpanProcessor((span) => spans.push(span))],
    }),
  )
  return {
    spans,
    span: (name) => {
      const found = spans.filter((span) => span.name === name)
      if (found.length !== 1) throw new Error(`${found.length} spans are named ${name}`)
      return found[0] as ReadableSpan
    },
    stop: () => {
      for (const api of [trace, context, propagation]) api.disable()
    },
  }
}
