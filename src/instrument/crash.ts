import { context, logs, SeverityNumber, SpanStatusCode, trace } from '@opentelemetry/api'
import { diagnostics } from '../diagnostics.ts'
import { messageOf } from '../errors.ts'

/**
 * Records uncaught exceptions and unhandled rejections, and leaves the crash as it is.
 *
 * Listens to `uncaughtExceptionMonitor` alone, which sees both and changes nothing; a listener of `unhandledRejection`
 * would switch the crash off. The span at work gets an `exception` event and an error status, and a log record of
 * severity FATAL is emitted with the tenant of that work. Then `onCrash` is called.
 */
export function recordCrashes(onCrash: () => void): () => void {
  const record = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    try {
      const exception = error instanceof Error ? error : new Error(messageOf(error))
      const span = trace.getActiveSpan()
      // A span that ended, of an operation() for instance, has recorded it already.
      if (span?.isRecording() === true) {
        span.recordException(exception)
        span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message })
      }
      logs.getLogger('signalbox').emit({
        eventName: 'exception',
        severityNumber: SeverityNumber.FATAL,
        severityText: 'fatal',
        body: `${origin === 'unhandledRejection' ? 'Unhandled rejection' : 'Uncaught exception'}: ${exception.message}`,
        attributes: {
          'exception.type': exception.name,
          'exception.message': exception.message,
          'exception.stacktrace': exception.stack ?? '',
        },
        context: context.active(),
      })
      onCrash()
    } catch {
      diagnostics.count('crashes_unrecorded')
    }
  }
  process.on('uncaughtExceptionMonitor', record)
  return () => process.off('uncaughtExceptionMonitor', record)
}
