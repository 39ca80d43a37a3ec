import { type Attributes, type Context, type Span, SpanKind } from '@opentelemetry/api'
import type { QueueSettings } from './options.ts'

/** What is sent: one message, a batch with one context, or the messages of a batch that each have their own. */
export interface Sending {
  /** `create` where another span does the sending. Default: `send`. */
  readonly operation?: 'send' | 'create'
  /** Default: PRODUCER. */
  readonly kind?: SpanKind
  readonly queue: string | undefined
  readonly attributes?: Attributes
}

/** Starts the span of sending jobs, by the messaging conventions. */
export function startSend(settings: QueueSettings, sending: Sending, context: Context): Span {
  const { operation = 'send', kind = SpanKind.PRODUCER, queue } = sending
  return settings.tracer().startSpan(
    queue === undefined ? operation : `${operation} ${queue}`,
    {
      kind,
      attributes: {
        'messaging.system': settings.system,
        'messaging.operation.name': operation,
        'messaging.operation.type': operation,
        ...(queue !== undefined && { 'messaging.destination.name': queue }),
        ...sending.attributes,
      },
    },
    context,
  )
}
