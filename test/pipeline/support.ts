import { onTestFinished } from 'vitest'
import { gunzipSync } from 'node:zlib'
import type { Backend, Batch, OtlpBackend, OtlpOutcome, Outcome, Signal } from '../../src/backends/backend.ts'
import { diagnostics } from '../../src/diagnostics.ts'
import {
  createPipeline,
  type Pipeline,
  type PipelineBackend,
  type PipelineOptions,
} from '../../src/pipeline/pipeline.ts'
import { plainView } from '../../src/backends/view.ts'
import { decodeLogRecords, decodeSpans } from '../support/otlp-decode.ts'
import { textsOf } from '../support/telemetry-items.ts'

export const both: readonly Signal[] = ['traces', 'logs']

export function named(name: string, backend: Backend, more: Partial<PipelineBackend> = {}): PipelineBackend {
  return {
    name,
    type: 'custom',
    backend,
    signals: both,
    takesMetrics: false,
    minLevel: undefined,
    sample: 1,
    timeoutMs: 10_000,
    ...more,
  }
}

/** A pipeline with small batches and no waiting between attempts, closed after the test. */
export function pipelineTo(backends: readonly PipelineBackend[], more: Partial<PipelineOptions> = {}): Pipeline {
  const limits = { maxItems: 10, maxBytes: 1_000_000, maxAgeMs: 60_000 }
  const pipeline = createPipeline({
    backends,
    batch: { traces: limits, logs: limits },
    queue: { maxItems: 1_000, maxBytes: 10_000_000 },
    random: () => 0,
    ...more,
  })
  onTestFinished(() => pipeline.close(0))
  return pipeline
}

export interface Scripted extends Backend {
  /** The texts of every attempt, in order. */
  readonly attempts: string[][]
  /** The texts of the attempts that were answered with `delivered`. */
  readonly delivered: string[]
  /** Resolves when so many attempts were begun. */
  attempted(count: number): Promise<void>
}

export type Step = Outcome | 'throws' | 'rejects' | 'hangs' | { readonly answer: unknown }

/** A backend that answers as scripted, and `delivered` when the script is over. */
export function scripted(steps: readonly Step[] = []): Scripted {
  const attempts: string[][] = []
  const delivered: string[] = []
  const waiting = new Set<() => void>()
  const left = [...steps]
  return {
    attempts,
    delivered,
    attempted: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (attempts.length >= count) resolve()
        }
        waiting.add(look)
        look()
      }),
    deliver: (batch: Batch) => {
      const texts = textsOf(batch)
      attempts.push(texts)
      for (const look of waiting) look()
      const step = left.shift() ?? { kind: 'delivered' }
      if (step === 'throws') throw new Error('thrown by the backend')
      if (step === 'rejects') return Promise.reject(new Error('rejected by the backend'))
      if (step === 'hangs') return new Promise<Outcome>(() => {})
      if ('answer' in step) return step.answer as Promise<Outcome>
      if (step.kind === 'delivered') delivered.push(...texts)
      return Promise.resolve(step)
    },
  }
}

export type OtlpStep = OtlpOutcome | Exclude<Step, Outcome>

export interface ScriptedOtlp extends OtlpBackend {
  /** The texts of every request, in order. */
  readonly attempts: string[][]
  /** The texts of the requests that were answered with `delivered`, and not given up before. */
  readonly delivered: string[]
  /** Requests under way now, and the most there were. */
  readonly underWay: { now: number; most: number }
}

/** The same for encoded requests; answers are a list, or made of the texts of a request. */
export function scriptedOtlp(
  answers: readonly OtlpStep[] | ((texts: readonly string[]) => OtlpStep) = [],
  more: Partial<OtlpBackend> = {},
): ScriptedOtlp {
  const attempts: string[][] = []
  const delivered: string[] = []
  const underWay = { now: 0, most: 0 }
  const left = typeof answers === 'function' ? [] : [...answers]
  return {
    attempts,
    delivered,
    underWay,
    view: plainView,
    compression: { traces: 'gzip', logs: 'none' },
    deliver: () => Promise.reject(new Error('requests are sent')),
    send: async ({ signal, body, compression }, givenUp) => {
      const bytes = compression === 'gzip' ? gunzipSync(body) : body
      const texts =
        signal === 'traces'
          ? decodeSpans(bytes).map(({ name }) => name)
          : decodeLogRecords(bytes).map((record) => String(record.body))
      attempts.push(texts)
      underWay.now += 1
      underWay.most = Math.max(underWay.most, underWay.now)
      await new Promise((resolve) => setImmediate(resolve))
      const step = typeof answers === 'function' ? answers(texts) : (left.shift() ?? { kind: 'delivered' })
      const answer =
        typeof step === 'object' && 'answer' in step ? await (step.answer as Promise<OtlpOutcome | undefined>) : step
      underWay.now -= 1
      if (answer === 'throws' || answer === 'rejects') throw new Error('thrown by the backend')
      if (answer === 'hangs') return new Promise<Outcome>(() => {})
      if (answer?.kind === 'delivered' && !givenUp.aborted) delivered.push(...texts)
      return answer as OtlpOutcome
    },
    ...more,
  }
}

/** What the library says while the test runs. */
export function heard(): string[] {
  diagnostics.reset()
  diagnostics.setLevel('none')
  const said: string[] = []
  onTestFinished(diagnostics.listen(({ message }) => void said.push(message)))
  return said
}
