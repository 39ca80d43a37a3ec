import {
  type Attributes,
  type Context,
  context as contextApi,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { logger } from '../../logging/logger.ts'
import { Scope, scopeOf, setScopeOfSpan, withScope } from '../../tenant/scope.ts'
import { type LinkReason, linkReason, waitSince } from './correlation.ts'
import { emptyEnvelope, type Envelope } from './envelope.ts'
import { describe } from '../common/failure.ts'
import { guarded } from './guarded.ts'
import type { QueueSettings } from './options.ts'

/** A job as it is known when a worker picks it up. */
export interface PickedUp {
  readonly queue: string
  readonly id: string | undefined
  readonly name: string | undefined
  /** Counted from 1; undefined where the library does not say. */
  readonly attempt: number | undefined
  readonly isRetry: boolean
  readonly isRepeat: boolean
  readonly envelope: Envelope
  /** What else the library says of the job. */
  readonly attributes: Attributes
}

/** Jobs that are handed to a handler together. */
export interface PickedUpBatch {
  readonly queue: string
  readonly count: number
  /** Those of them that carry one. */
  readonly envelopes: readonly Envelope[]
  readonly attributes: Attributes
}

/** One attempt at a job, or at a batch of jobs: its CONSUMER span, and the context its handler runs in. */
export class Attempt {
  readonly span: Span
  readonly context: Context
  readonly #settings: QueueSettings
  readonly #details: Attributes

  constructor(settings: QueueSettings, span: Span, context: Context, details: Attributes) {
    this.#settings = settings
    this.span = span
    this.context = context
    this.#details = details
  }

  /** Says which job it is, where that became known only now. */
  identify(id: string | undefined, name: string | undefined): void {
    this.span.setAttributes(clean('messaging.message.id', id))
    scopeOf(this.context)?.add({ ...clean('job.id', id), ...clean('job.name', name) })
  }

  /** Puts the failure on the span and, unless switched off, into a log record. `willRetry` where it is known. */
  fail(error: unknown, willRetry?: boolean): void {
    guarded(() => {
      const failure = describe(error)
      const retry: Attributes = willRetry === undefined ? {} : { 'job.will_retry': willRetry }
      this.span.setAttributes({ 'error.type': failure.name, ...retry })
      this.span.recordException(failure)
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
      if (!this.#settings.logFailures) return
      const fields = { err: failure, ...this.#details, ...retry }
      contextApi.with(this.context, () => {
        if (willRetry === true) logger.warn(fields, 'job failed, it will be tried again')
        else logger.error(fields, 'job failed')
      })
    }, undefined)
  }
}

/** Starts an attempt: in the sender's trace or in one of its own, with the tenant the job was sent for. */
export function startAttempt(settings: QueueSettings, job: PickedUp): Attempt {
  const { envelope, queue, attempt, isRetry } = job
  const waitMs = waitSince(envelope.sentAtMs, Date.now())
  const reason = linkReason(settings, { isRetry, isRepeat: job.isRepeat, waitMs })
  const details: Attributes = {
    'messaging.destination.name': queue,
    ...(attempt !== undefined && { 'job.attempt': attempt }),
  }
  const attributes: Attributes = {
    ...details,
    ...clean('messaging.message.id', job.id),
    ...(waitMs !== undefined && !isRetry && !job.isRepeat && { 'job.wait_ms': waitMs }),
    ...job.attributes,
  }
  const own = { ...clean('job.id', job.id), ...clean('job.name', job.name) }
  return start(settings, { queue, attributes, details, own, envelope, links: linksOf([envelope], reason) })
}

/** Starts an attempt at several jobs at once: a trace of its own with a link to each sender. */
export function startBatch(settings: QueueSettings, batch: PickedUpBatch): Attempt {
  const { queue, count, envelopes } = batch
  const details: Attributes = { 'messaging.destination.name': queue, 'messaging.batch.message_count': count }
  const attributes = { ...details, ...batch.attributes }
  const envelope = count === envelopes.length ? commonEnvelope(envelopes) : emptyEnvelope
  const links = linksOf(envelopes, 'batch')
  return start(settings, { queue, attributes, details, own: clean('job.name', queue), envelope, links })
}

interface Start {
  readonly queue: string
  readonly attributes: Attributes
  readonly details: Attributes
  /** Attributes of everything that happens in the attempt. */
  readonly own: Attributes
  readonly envelope: Envelope
  /** To the senders; undefined where the sender is the parent. */
  readonly links: Link[] | undefined
}

function start(settings: QueueSettings, { queue, attributes, details, own, envelope, links }: Start): Attempt {
  const isRoot = links !== undefined || envelope.sender === undefined
  const base = isRoot ? trace.deleteSpan(envelope.context) : envelope.context
  const span = settings.tracer().startSpan(
    `process ${queue}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': settings.system,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        ...attributes,
        // Tempo draws a root CONSUMER as called by `user`, unless it names a peer.
        ...(isRoot && { 'peer.service': queue }),
      },
      links: links ?? [],
    },
    base,
  )
  const sentFor = scopeOf(base)
  const scope = new Scope('request', Object.freeze({ ...sentFor?.attributes(), ...own }), {
    opener: span,
    tenant: sentFor?.tenant(),
  })
  setScopeOfSpan(span, scope)
  return new Attempt(settings, span, withScope(trace.setSpan(base, span), scope), details)
}

function linksOf(envelopes: readonly Envelope[], reason: LinkReason | undefined): Link[] | undefined {
  if (reason === undefined) return undefined
  return envelopes.flatMap(({ sender }) =>
    sender === undefined ? [] : [{ context: sender, attributes: { 'link.reason': reason } }],
  )
}

/** The first envelope where all are of one tenant: a batch of several tenants is nobody's. */
function commonEnvelope(envelopes: readonly Envelope[]): Envelope {
  const [first, ...rest] = envelopes
  const attributes = (envelope: Envelope): string => JSON.stringify(scopeOf(envelope.context)?.tenant() ?? null)
  if (first === undefined || rest.some((other) => attributes(other) !== attributes(first))) return emptyEnvelope
  const scope = scopeOf(first.context)
  const tenant = scope?.tenant()
  if (tenant === undefined) return emptyEnvelope
  return { ...emptyEnvelope, context: withScope(ROOT_CONTEXT, new Scope('remote', tenant, { tenant })) }
}

/** An attribute of printable text of at most 256 characters. */
function clean(key: string, value: string | undefined): Attributes {
  if (value === undefined) return {}
  const printable = value
    .slice(0, 256)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
  return printable.trim() === '' ? {} : { [key]: printable }
}
