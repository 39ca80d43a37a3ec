import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, logs, propagation, trace } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import pino from 'pino'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Backend, Batch } from '../../src/backends/backend.ts'
import {
  isTelemetryError,
  logger,
  startTelemetry,
  type Telemetry,
  type TelemetryConfig,
  tenant,
  withTenant,
} from '../../src/index.ts'
import { otlpSink } from '../support/otlp-sink.ts'

/** Keeps what it is given; the real pipeline in front of it. */
function keeping(): Backend & {
  readonly names: () => string[]
  readonly bodies: () => unknown[]
  readonly attributes: () => unknown[]
} {
  const batches: Batch[] = []
  const records = (): readonly ReadableLogRecord[] =>
    batches.flatMap((batch) => (batch.signal === 'logs' ? batch.records : []))
  return {
    deliver: (batch) => {
      batches.push(batch)
      return Promise.resolve({ kind: 'delivered' })
    },
    names: () => batches.flatMap((batch) => (batch.signal === 'traces' ? batch.spans.map(({ name }) => name) : [])),
    bodies: () => records().map(({ body }) => body),
    attributes: () => records().map(({ attributes }) => attributes),
  }
}

const instrumentations: TelemetryConfig['instrumentations'] = 'none'
const configOf = (backend: Backend): TelemetryConfig => ({
  backends: [{ name: 'kept', backend }],
  instrumentations,
  logging: { stdout: false },
})

let telemetry: Telemetry | undefined
const start = (config: TelemetryConfig): Telemetry => (telemetry = startTelemetry(config))

afterEach(async () => {
  await telemetry?.stop()
  telemetry = undefined
})

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isTelemetryError(error)) return error.code
    throw error
  }
  return 'nothing thrown'
}

describe('startTelemetry', () => {
  it('returns the running one for no configuration or an equal one, and refuses another', () => {
    const config = configOf(keeping())
    const first = start(config)
    expect(startTelemetry()).toBe(first)
    expect(startTelemetry({ ...config })).toBe(first)
    expect(codeOf(() => startTelemetry({ shutdownTimeoutMs: 1 }))).toBe('ERR_ALREADY_STARTED')
  })

  it('starts again after stop, and tracers and loggers kept from before then work too', async () => {
    const before = keeping()
    start(configOf(before))
    const tracer = trace.getTracer('kept')
    const raw = logs.getLogger('kept')
    tracer.startSpan('first').end()
    raw.emit({ body: 'first raw' })
    logger.info('first log')
    await telemetry?.stop()
    expect(telemetry?.status().state).toBe('stopped')
    expect([before.names(), before.bodies()]).toEqual([['first'], ['first raw', 'first log']])

    tracer.startSpan('between').end()
    const after = keeping()
    start(configOf(after))
    tracer.startSpan('by the old tracer').end()
    raw.emit({ body: 'by the old logger' })
    trace.getTracer('new').startSpan('by a new tracer').end()
    logger.info('second log')
    expect(await telemetry?.flush()).toBe(true)
    expect(after.names()).toEqual(['by the old tracer', 'by a new tracer'])
    expect(after.bodies()).toEqual(['by the old logger', 'second log'])
    expect(before.names()).toEqual(['first'])
  })

  it('leaves nothing registered after stop', async () => {
    const listeners = (): number[] =>
      ['SIGTERM', 'SIGINT', 'beforeExit', 'exit', 'uncaughtExceptionMonitor'].map((name) => process.listenerCount(name))
    const before = listeners()
    start(configOf(keeping()))
    expect(listeners()).toEqual(before.map((count) => count + 1))
    await telemetry?.stop()
    await telemetry?.stop()
    expect(listeners()).toEqual(before)
    expect(trace.getTracer('x').startSpan('x').spanContext().traceId).toBe('0'.repeat(32))
    expect(propagation.fields()).toEqual([])
    withTenant(tenant({ id: 'acme' }), () => expect(context.active()).toEqual(context.active()))
  })

  it('counts in status() what each backend took, and adds up', async () => {
    const refusing: Backend = {
      signals: ['traces'],
      deliver: () => Promise.resolve({ kind: 'rejected', reason: 'http_400', message: 'no' }),
    }
    const config: TelemetryConfig = {
      backends: [
        { name: 'kept', backend: keeping() },
        { name: 'refusing', backend: refusing },
      ],
      instrumentations,
      logging: { stdout: false },
    }
    start(config)
    for (let index = 0; index < 5; index += 1) trace.getTracer('x').startSpan(`${index}`).end()
    logger.info('one')
    await telemetry?.flush()
    const { state, backends } = telemetry?.status() ?? {}
    expect(state).toBe('running')
    expect(backends?.['kept']?.traces).toEqual({ accepted: 5, delivered: 5, queued: 0, dropped: {} })
    expect(backends?.['kept']?.logs).toEqual({ accepted: 1, delivered: 1, queued: 0, dropped: {} })
    expect(backends?.['refusing']?.traces).toEqual({ accepted: 5, delivered: 0, queued: 0, dropped: { http_400: 5 } })
    expect(backends?.['refusing']?.lastProblem).toMatchObject({ reason: 'http_400', message: 'no' })
    expect(backends?.['refusing']?.logs).toBeUndefined()
  })

  it('refuses to start beside another SDK, and registers nothing then', () => {
    const provider = new TracerProvider()
    trace.setGlobalTracerProvider(provider)
    try {
      expect(codeOf(() => startTelemetry(configOf(keeping())))).toBe('ERR_SDK_CONFLICT')
      expect(process.listenerCount('beforeExit')).toBe(0)
    } finally {
      trace.disable()
    }
    expect(codeOf(() => start(configOf(keeping())))).toBe('nothing thrown')
  })
})

describe('a second start', () => {
  it('patches http again: spans, and ids in the lines of loggers of others', async () => {
    const round = async (): Promise<string[]> => {
      const kept = keeping()
      start({ ...configOf(kept), instrumentations: ['http'] })
      const server = createServer((_request, response) => response.end())
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      await new Promise((resolve) =>
        get(`http://127.0.0.1:${port}/`, (response) => response.resume().on('end', resolve)),
      )
      server.close()
      await telemetry?.stop()
      return kept.names()
    }
    expect(await round()).toEqual(['GET', 'GET'])
    expect(await round()).toEqual(['GET', 'GET'])
  })
})

describe('stop and flush', () => {
  it('deliver records with the redaction they were written under', async () => {
    const kept = keeping()
    start({ ...configOf(kept), logging: { stdout: false, redact: ['card.number', 'pin'] } })
    pino({ base: null }, pino.destination('/dev/null')).info({ card: { number: '4111' }, pin: '1234' }, 'foreign')
    logger.info({ card: { number: '4111' }, pin: '1234' }, 'own')
    await telemetry?.stop()
    expect(kept.attributes()).toEqual([
      { card: { number: '[Redacted]' }, pin: '[Redacted]' },
      { card: { number: '[Redacted]' }, pin: '[Redacted]' },
    ])
  })

  it('say false where something was lost', async () => {
    start(configOf({ deliver: () => Promise.resolve({ kind: 'rejected', reason: 'http_400' }) }))
    trace.getTracer('x').startSpan('lost').end()
    expect(await telemetry?.flush()).toBe(false)
    expect(await telemetry?.flush()).toBe(true)
  })
})

describe('bad input', () => {
  const hostile = (): Record<string, unknown> => {
    const circular: Record<string, unknown> = { name: 'loop' }
    circular['self'] = circular
    return {
      circular,
      bigint: 12n,
      symbol: Symbol('s'),
      fn: () => 1,
      huge: 'x'.repeat(3_000_000),
      nan: Number.NaN,
      date: new Date(Number.NaN),
      map: new Map([[{}, 1n]]),
      getter: Object.defineProperty({}, 'boom', {
        enumerable: true,
        get: () => {
          throw new Error('getter')
        },
      }),
      toJSON: {
        toJSON: () => {
          throw new Error('toJSON')
        },
      },
      surrogate: '\ud800',
      proxy: new Proxy(
        {},
        {
          get: () => {
            throw new Error('proxy')
          },
          ownKeys: () => {
            throw new Error('proxy')
          },
        },
      ),
      nothing: undefined,
      null: null,
    }
  }

  it('never throws into the application, whatever is logged or set on a span', async () => {
    const kept = keeping()
    start(configOf(kept))
    for (const [key, value] of Object.entries(hostile())) {
      const span = trace.getTracer('x').startSpan(`attribute ${key}`, { attributes: { [key]: value } })
      span.setAttribute('later', value)
      span.addEvent('event', { [key]: value })
      span.recordException(value as Error)
      span.end()
      span.end()
      logger.info({ [key]: value }, `field ${key}`)
      logger.info(value as object, `object ${key}`)
      logger.info(value as string)
      logger.error({ err: value })
      logs.getLogger('raw').emit({ body: value, attributes: { [key]: value } })
    }
    const log: (...given: unknown[]) => void = logger.info.bind(logger)
    log()
    log('%s %d %j %o', 1)
    log(undefined, Symbol('s'))
    expect(await telemetry?.flush()).toBe(true)
    expect(kept.names().filter((name) => name.startsWith('attribute '))).toHaveLength(Object.keys(hostile()).length)
    expect(kept.bodies()).toEqual(
      expect.arrayContaining(['field circular', 'field getter', 'field toJSON', 'field bigint']),
    )
  })

  it('reaches an OTLP receiver: odd names, circular and endless bodies take no other item with them', async () => {
    const sink = await otlpSink()
    onTestFinished(() => sink.close())
    start({
      backends: [{ type: 'otlp', name: 'sink', endpoint: sink.url }],
      instrumentations,
      logging: { stdout: false },
    })
    const tracer = trace.getTracer('x')
    const circular: unknown[] = []
    circular.push(circular)
    let deep: unknown = 'bottom'
    for (let depth = 0; depth < 10_000; depth += 1) deep = [deep]
    const names = [undefined, null, 200, ['a'], {}, Symbol('s'), 12n]
    for (let index = 0; index < 40; index += 1) tracer.startSpan(names[index % names.length] as string).end()
    tracer
      .startSpan('options', null as never)
      .updateName(7 as never)
      .end()
    for (const body of [circular, deep, new Map([[1, 2n]]), Symbol('s'), new Uint8Array([1])]) {
      logs.getLogger('raw').emit({ body, eventName: 5 as never, severityText: ['x'] as never })
    }
    tracer.startSpan('good').end()
    logs.getLogger('raw').emit({ body: 'good' })
    expect(await telemetry?.flush()).toBe(true)
    expect(sink.spans()).toHaveLength(42)
    expect(sink.spans().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['null', '200', '["a"]', '{}', '7', 'good']),
    )
    expect(sink.logRecords().map(({ body }) => body)).toEqual(
      expect.arrayContaining([['[Circular]'], 'Symbol(s)', 'good']),
    )
    expect(sink.logRecords()).toHaveLength(6)
  })
})
