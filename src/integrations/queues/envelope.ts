import { type Context, propagation, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import { diagnostics } from '../../diagnostics.ts'
import { extractMessage, injectMessage } from '../../tenant/message.ts'

/** What travels beside a job's data: the fields of the propagators, and when it was sent. */
export type Carrier = Readonly<Record<string, string>>

/** An envelope as it was read. */
export interface Envelope {
  /** The tenant of the job and, remote, the span that sent it; nothing else. */
  readonly context: Context
  /** The span that sent the job. */
  readonly sender: SpanContext | undefined
  /** Milliseconds since 1970. */
  readonly sentAtMs: number | undefined
}

const sentAtField = 'sent-at'

/** Most characters of one field, and of an envelope stored as text. */
const maxFieldLength = 9_216
const maxTextLength = 4 * maxFieldLength

export const emptyEnvelope: Envelope = { context: ROOT_CONTEXT, sender: undefined, sentAtMs: undefined }

/** Writes trace and tenant of a context for a job; undefined where there is nothing to carry. */
export function writeEnvelope(context: Context): Carrier | undefined {
  const carrier = injectMessage(context)
  return Object.keys(carrier).length === 0 ? undefined : { ...carrier, [sentAtField]: String(Date.now()) }
}

/** Reads what a job carries. Of anything but an object, and of fields that are no text, nothing is read. */
export function readEnvelope(stored: unknown): Envelope {
  const carrier = carrierOf(stored)
  if (carrier === undefined) return emptyEnvelope
  const context = extractMessage(carrier)
  const sender = trace.getSpanContext(context)
  const sentAtMs = Number(carrier[sentAtField])
  return {
    context,
    sender: sender !== undefined && trace.isSpanContextValid(sender) ? sender : undefined,
    sentAtMs: Number.isFinite(sentAtMs) ? sentAtMs : undefined,
  }
}

/** Reads an envelope that is stored as JSON text. */
export function parseEnvelope(text: string): Envelope {
  return readEnvelope(parsed(text))
}

/** The envelope of a job that goes back to the queue: as it was, but no longer freshly sent. */
export function carriedOn(text: unknown): string {
  const carrier = carrierOf(typeof text === 'string' ? parsed(text) : undefined)
  if (carrier === undefined) return ''
  const { [sentAtField]: _, ...rest } = carrier
  return JSON.stringify(rest)
}

function parsed(text: string): unknown {
  if (text.length > maxTextLength) return ignored('too_large', 'it is too large')
  try {
    return JSON.parse(text)
  } catch {
    return ignored('malformed', 'it is not JSON')
  }
}

/** The fields that are known, and are text of a sensible length. */
function carrierOf(stored: unknown): Carrier | undefined {
  if (stored === undefined || stored === null) return undefined
  if (typeof stored !== 'object' || Array.isArray(stored)) return ignored('malformed', 'it is not an object')
  const carrier: Record<string, string> = {}
  for (const field of [...propagation.fields(), sentAtField]) {
    const value: unknown = Object.hasOwn(stored, field) ? (stored as Record<string, unknown>)[field] : undefined
    if (value === undefined) continue
    if (typeof value === 'string' && value.length <= maxFieldLength) carrier[field] = value
    else ignored(typeof value === 'string' ? 'too_large' : 'malformed', `its field ${field} cannot be read`)
  }
  return carrier
}

function ignored(fault: 'too_large' | 'malformed', why: string): undefined {
  diagnostics.count(`job_envelope_ignored_${fault}`)
  diagnostics.once('warn', `what a job carries of its trace and tenant was ignored: ${why}.`)
}
