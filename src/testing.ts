import assert from 'node:assert/strict'
import { SeverityNumber, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Backend, LogBatch, Outcome, TraceBatch } from './backends/backend.ts'
import { logBatch, traceBatch } from './pipeline/batch.ts'

export { createMemoryBackend, memoryOf, type MemoryBackend } from './backends/memory.ts'

/** Declares one test: `test` of node:test, vitest, jest, ava, … */
export type DeclareTest = (name: string, run: () => Promise<void>) => unknown

/** Makes a fresh backend for one test. */
export type MakeBackend = () => Backend | Promise<Backend>

/** What else the contract can try where it is told how. */
export interface ContractOptions {
  /** Makes a backend whose destination is away: nobody listens, wrong path, full disk. */
  readonly makeUnreachable?: MakeBackend
  /** Makes a backend whose destination takes the data and never answers. */
  readonly makeHanging?: MakeBackend
  /** Most milliseconds until a delivery is to have an outcome. Default: 5,000. */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 5_000

/**
 * Declares the tests that every backend must pass, with the test function of your own runner.
 *
 * @example
 * import { test } from 'node:test'
 * import { backendContract } from 'signalbox/testing'
 * backendContract(test, () => myBackend({ path: '/tmp/telemetry' }))
 */
export function backendContract(test: DeclareTest, make: MakeBackend, options: ContractOptions = {}): void {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const deliver = async (backend: Backend, batch: TraceBatch | LogBatch): Promise<Outcome> => {
    const call = backend.deliver(batch, new AbortController().signal)
    return assertOutcome(await inTime(call, timeoutMs, 'deliver() had no outcome'), batch.count)
  }
  const declare = (name: string, from: MakeBackend | undefined, run: (backend: Backend) => Promise<void>): void => {
    if (from === undefined) return
    test(name, async () => {
      const backend = await from()
      try {
        await run(backend)
      } finally {
        await inTime(Promise.resolve(backend.close?.()), timeoutMs, 'close() did not end')
      }
    })
  }

  declare('names only signals there are', make, async ({ signals }) => {
    for (const signal of signals ?? []) assert.ok(signal === 'traces' || signal === 'logs', `${signal} is no signal`)
  })
  for (const [signal, batch] of Object.entries(contractBatches())) {
    declare(`delivers ${signal} with awkward values`, make, async (backend) => {
      if (backend.signals?.includes(batch.signal) === false) return
      assert.equal((await deliver(backend, batch)).kind, 'delivered')
    })
  }
  declare('delivers one batch after the other', make, async (backend) => {
    const batches = offered(backend)
    for (const batch of [...batches, ...batches]) assert.equal((await deliver(backend, batch)).kind, 'delivered')
  })
  declare('leaves the batch as it is', make, async (backend) => {
    for (const batch of offered(backend)) {
      const before = contentOf(batch)
      await deliver(backend, batch)
      assert.deepEqual(contentOf(batch), before)
    }
  })
  declare('comes to an end when the attempt is aborted before it begins', make, async (backend) => {
    for (const batch of offered(backend)) await settles(backend, batch, AbortSignal.abort(), timeoutMs)
  })
  declare('can deliver after an attempt that was aborted', make, async (backend) => {
    for (const batch of offered(backend)) {
      await settles(backend, batch, AbortSignal.abort(), timeoutMs)
      assert.equal((await deliver(backend, batch)).kind, 'delivered')
    }
  })
  declare('closes without ever having delivered', make, async () => {})
  declare('answers a check with an outcome', make, async (backend) => {
    const answer = backend.check?.(new AbortController().signal)
    if (answer !== undefined) assertOutcome(await inTime(answer, timeoutMs, 'check() had no outcome'), 0)
  })
  declare('says that its destination is away instead of throwing', options.makeUnreachable, async (backend) => {
    for (const batch of offered(backend)) {
      const { kind } = await deliver(backend, batch)
      assert.ok(kind === 'retry' || kind === 'rejected', `said ${kind} of a destination that is away`)
    }
  })
  declare('gives up when the attempt is aborted half-way', options.makeHanging, async (backend) => {
    for (const batch of offered(backend)) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), 100)
      await settles(backend, batch, controller.signal, timeoutMs)
    }
  })
}

function offered(backend: Backend): (TraceBatch | LogBatch)[] {
  return Object.values(contractBatches()).filter(({ signal }) => backend.signals?.includes(signal) ?? true)
}

/** An aborted attempt may resolve with anything or reject; it only has to end. */
async function settles(
  backend: Backend,
  batch: TraceBatch | LogBatch,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<void> {
  const call = (async () => backend.deliver(batch, signal))()
  await inTime(
    call.then(
      () => {},
      () => {},
    ),
    timeoutMs,
    'an aborted deliver() did not end',
  )
}

function assertOutcome(outcome: Outcome, batchCount: number): Outcome {
  assert.ok(typeof outcome === 'object' && outcome !== null, 'an outcome is an object')
  assert.ok(['delivered', 'retry', 'rejected'].includes(outcome.kind), `${outcome.kind} is no kind of outcome`)
  if (outcome.kind === 'delivered') return outcome
  assert.match(outcome.reason, /^[a-z0-9]+(_[a-z0-9]+)*$/, 'a reason is in snake_case')
  if (outcome.message !== undefined) assert.equal(typeof outcome.message, 'string')
  if (outcome.kind === 'retry') assert.ok((outcome.afterMs ?? 0) >= 0, 'afterMs is not negative')
  else assert.ok((outcome.count ?? 0) <= batchCount, 'no more are rejected than were delivered')
  return outcome
}

async function inTime<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} within ${timeoutMs} ms` })),
      timeoutMs,
    )
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function contentOf(batch: TraceBatch | LogBatch): unknown {
  const items = batch.signal === 'traces' ? batch.spans : batch.records
  return structuredClone(
    items.map(({ resource, ...item }) => ({
      ...item,
      spanContext: typeof item.spanContext === 'function' ? item.spanContext() : item.spanContext,
      resource: { ...resource.attributes },
    })),
  )
}

const awkwardAttributes = {
  empty: '',
  long: 'x'.repeat(70_000),
  'control.characters': 'a\u0000b\u001b[31mc\r\nd\u2028e',
  'lone.surrogate': 'a\ud800b',
  emoji: '👩‍👩‍👧‍👦',
  '': 'a key without a name',
  'key with spaces, "quotes" and ünïcode': true,
  integer: Number.MAX_SAFE_INTEGER,
  negative: -7,
  'not.a.number': Number.NaN,
  infinite: Number.NEGATIVE_INFINITY,
  list: ['a', '', 'b'],
  numbers: [1, 2.5, -3],
  'list.with.holes': ['a', null, undefined],
  'list.empty': [],
  'tenant.id': 'acme',
}

const scope = { name: 'contract', version: '1.0.0' }
const spanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
}

/** One batch of each signal, as frozen as a batch of the pipeline may be, with values that are rare but legal. */
export function contractBatches(): { readonly traces: TraceBatch; readonly logs: LogBatch } {
  const resource = resourceFromAttributes({ 'service.name': 'contract' })
  const span = (name: string, more: Partial<ReadableSpan> = {}): ReadableSpan => ({
    name,
    kind: SpanKind.SERVER,
    spanContext: () => spanContext,
    startTime: [1_767_225_600, 1],
    endTime: [1_767_225_600, 2_000_001],
    duration: [0, 2_000_000],
    status: { code: SpanStatusCode.UNSET },
    attributes: awkwardAttributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...more,
  })
  const record = (body: ReadableLogRecord['body'], more: Partial<ReadableLogRecord> = {}): ReadableLogRecord => ({
    hrTime: [1_767_225_600, 1],
    hrTimeObserved: [1_767_225_600, 2],
    ...(body !== undefined && { body }),
    resource,
    instrumentationScope: scope,
    attributes: awkwardAttributes,
    droppedAttributesCount: 0,
    ...more,
  })
  const spans = [
    span('plain', { attributes: {} }),
    span('awkward', {
      parentSpanContext: { ...spanContext, spanId: '00f067aa0ba902b7', isRemote: true },
      status: { code: SpanStatusCode.ERROR, message: 'broken\npipe' },
      events: [{ name: 'exception', time: [1_767_225_600, 5], attributes: { 'exception.message': 'broken\npipe' } }],
      links: [{ context: spanContext, attributes: { 'link.kind': 'follows' } }],
    }),
    span('', { startTime: [0, 0], endTime: [0, 0], duration: [0, 0] }),
  ]
  const records = [
    record('plain', { severityNumber: SeverityNumber.INFO, severityText: 'INFO', spanContext, attributes: {} }),
    record(
      { nested: { deep: [1, 'two', null, { three: true }] } },
      { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' },
    ),
    record(undefined),
    record(new Uint8Array([0, 1, 255]), { eventName: 'bytes' }),
    record('x'.repeat(70_000), { severityNumber: SeverityNumber.FATAL4 }),
  ]
  return {
    traces: traceBatch(frozen(spans), 300_000),
    logs: logBatch(frozen(records), 400_000),
  }
}

/** Plain objects and lists are frozen to the ground; a resource is a live object that keeps notes of its own. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
