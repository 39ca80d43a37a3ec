import { type Problem, TelemetryError } from '../../errors.ts'
import { trace, type Tracer, type TracerProvider } from '@opentelemetry/api'

/** What {@link bullmqTelemetry} and {@link pgBossTelemetry} take. */
export interface QueueTelemetryOptions {
  /**
   * How a job's CONSUMER span is tied to the PRODUCER span that sent it. Default: `auto`.
   *
   * `parent`: its child, in the same trace. `link`: the root of a trace of its own, with a link. `auto`: a child where it
   * is the first attempt and was picked up within `parentMaxDelayMs` of being sent, linked otherwise. The tenant is the
   * job's in each case.
   */
  readonly correlation?: 'auto' | 'parent' | 'link'
  /** Most milliseconds between sending and picking up for a child under `auto`. Default: 10,000. */
  readonly parentMaxDelayMs?: number
  /** Writes a log record for each attempt that fails. Default: true. */
  readonly logFailures?: boolean
  /** Where the spans are made. Default: the global provider. */
  readonly tracerProvider?: TracerProvider
}

/** The options with their defaults filled in, and the library they are for. */
export interface QueueSettings {
  /** `messaging.system`. */
  readonly system: string
  readonly correlation: 'auto' | 'parent' | 'link'
  readonly parentMaxDelayMs: number
  readonly logFailures: boolean
  readonly tracer: () => Tracer
}

/** Longest that Tempo waits for the other span of a PRODUCER and CONSUMER pair. */
const defaultParentMaxDelayMs = 10_000

const correlations = ['auto', 'parent', 'link'] as const

/** The options with their defaults. @throws TelemetryError `ERR_OPTIONS_INVALID`, with every problem at once. */
export function settingsOf(system: string, options: QueueTelemetryOptions): QueueSettings {
  const { correlation = 'auto', parentMaxDelayMs = defaultParentMaxDelayMs } = options
  const problems: Problem[] = []
  if (!correlations.includes(correlation)) {
    const message = `${JSON.stringify(correlation)} is none of ${correlations.join(', ')}`
    problems.push({ source: 'correlation', message })
  }
  if (typeof parentMaxDelayMs !== 'number' || !(parentMaxDelayMs >= 0)) {
    problems.push({ source: 'parentMaxDelayMs', message: `${String(parentMaxDelayMs)} is not a number from 0 on` })
  }
  if (problems.length > 0) {
    const text = problems.map(({ source, message }) => `${source}: ${message}`).join('; ')
    throw new TelemetryError('ERR_OPTIONS_INVALID', `the telemetry options of ${system} are wrong: ${text}`, {
      problems,
    })
  }
  return {
    system,
    correlation,
    parentMaxDelayMs,
    logFailures: options.logFailures !== false,
    tracer: () => (options.tracerProvider ?? trace).getTracer(`signalbox/${system}`),
  }
}
