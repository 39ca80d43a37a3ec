import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { context, trace } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'
import type { PendingLogRecord } from '../pipeline/pending-log-record.ts'
import { currentAttributes } from '../tenant/current.ts'
import { defaultLimits, type LogRecordLimits } from './attribute-sink.ts'
import { LazyLogRecord } from './lazy-log-record.ts'
import { Loggers } from './loggers.ts'
import { createRedactor } from './redact.ts'
import type { LogEnvironment } from './to-log-record.ts'

/** Every pino since 9.10 publishes each of its lines here, whatever made, loaded or bundled it. */
const channel = 'tracing:pino_asJson:end'

/** What pino publishes about one call of a log method. */
interface PinoCall {
  readonly instance: object
  /** The merged object, the message, the level and the written time; the first two may hold unredacted secrets. */
  readonly arguments: ArrayLike<unknown>
  /** The finished line; missing where the call threw. */
  readonly result?: unknown
}

/** What captured records are given. */
export interface CaptureOptions {
  /** The resource of every record. */
  readonly resource: Resource
  /** Limits of a record. Default: 128 attributes, values of any length. */
  readonly limits?: Partial<LogRecordLimits> | undefined
  /** Censors a line before it is read, by the names and places of its values alone. Default: the usual secret names. */
  readonly redact?: (json: string) => string
}

/**
 * Captures every record of every pino logger of the process and pushes it, unparsed, with the span and the tenant of
 * the moment.
 *
 * Nothing is patched: it listens on pino's diagnostics channel. Returns a function that ends the capture. An error in
 * `push` never reaches the log call; it is counted (`log_capture_errors`) and said once.
 */
export function captureLogs(push: (entry: PendingLogRecord) => void, options: CaptureOptions): () => void {
  const { resource, limits, redact = createRedactor() } = options
  const allLimits = { ...defaultLimits, ...limits }
  const loggers = new Loggers(allLimits, redact)
  const environment: LogEnvironment = { resource, limits: allLimits, redact, loggers }
  const onLine = (message: unknown): void => {
    // A subscriber that throws becomes an uncaught exception.
    try {
      const { instance, arguments: args, result } = message as PinoCall
      if (typeof result !== 'string') return
      const active = context.active()
      push(
        new LazyLogRecord(
          result,
          args[2] as number,
          args[3],
          Date.now(),
          instance,
          trace.getSpanContext(active),
          currentAttributes(active),
          environment,
        ),
      )
    } catch (error) {
      diagnostics.count('log_capture_errors')
      diagnostics.once('error', `a log record could not be captured: ${messageOf(error)}`, 'log_capture_errors')
    }
  }
  subscribe(channel, onLine)
  return () => {
    unsubscribe(channel, onLine)
  }
}
