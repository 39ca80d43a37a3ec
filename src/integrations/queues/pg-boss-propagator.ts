import { type Context, createContextKey, type SpanContext, type TextMapPropagator, trace } from '@opentelemetry/api'
import { type Envelope, readEnvelope, writeEnvelope } from './envelope.ts'
import { guarded } from './guarded.ts'

const envelopeKey = createContextKey('signalbox.pg-boss.envelope')
const bySender = new WeakMap<SpanContext, Envelope>()

/** The envelope that a context was read from. */
export const envelopeIn = (context: Context): Envelope | undefined =>
  context.getValue(envelopeKey) as Envelope | undefined

/** The envelope of the job that a link of a batch is to: of the context that was read, pg-boss keeps that alone. */
export const envelopeOf = (sender: SpanContext): Envelope | undefined => bySender.get(sender)

/** Writes and reads what pg-boss stores with each job (`trace_context`). */
export const envelopePropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    guarded(() => {
      for (const [key, value] of Object.entries(writeEnvelope(context) ?? {})) setter.set(carrier, key, value)
    }, undefined)
  },
  extract(context, carrier) {
    return guarded(() => {
      const envelope = readEnvelope(carrier)
      const sender = trace.getSpanContext(envelope.context)
      if (sender !== undefined) bySender.set(sender, envelope)
      return envelope.context.setValue(envelopeKey, envelope)
    }, context)
  },
  fields: () => [],
}
