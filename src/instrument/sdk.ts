import { context, diag, DiagLogLevel, logs, metrics, propagation, trace } from '@opentelemetry/api'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { ResolvedConfig } from '../config/types.ts'
import { type DiagnosticLevel, diagnostics } from '../diagnostics.ts'
import type { PendingLogRecord } from '../pipeline/pending-log-record.ts'
import { ScopedContextManager } from '../tenant/context-manager.ts'
import { completeClientSpan } from './client-spans/complete.ts'
import { createFlyApi } from './client-spans/fly-api.ts'
import { createPeerNames } from './client-spans/peer-names.ts'
import { refuseSecondSdk, reportSecondApi } from './conflicts.ts'
import { guardSdk } from './guard-sdk.ts'
import { loadInstrumentations, modulesOf } from './instrumentations.ts'
import { stampingLogProcessor } from './log-processor.ts'
import { hookImports, spreadBuiltinPatches } from './module-hooks.ts'
import type { Metering } from './metrics/metering.ts'
import { OpenSpans } from './open-spans.ts'
import { createPropagator } from './propagator.ts'
import { createSampler } from './sampler.ts'
import { stampingSpanProcessor } from './span-processor.ts'

/** Where recorded telemetry goes. */
export interface Recorded {
  readonly pushSpan: (span: ReadableSpan) => void
  readonly pushLog: (entry: PendingLogRecord) => void
}

export interface Sdk {
  readonly resource: Resource
  readonly openSpans: OpenSpans
  /** Unregisters everything from the OpenTelemetry API and takes the patches out. */
  stop(): void
  /** Ends what measures the runtime, when the last metrics are collected. */
  stopMeasuring(): void
}

/**
 * Starts the OpenTelemetry SDK with our processors, propagator and context manager, and registers it.
 *
 * With `OTEL_SDK_DISABLED` only context and propagation are registered, by the SDK specification. `folders` are
 * where the application's own modules are looked for.
 *
 * @throws TelemetryError `ERR_SDK_CONFLICT` where another SDK is registered.
 */
export function startSdk(
  config: ResolvedConfig,
  recorded: Recorded,
  metering: Pick<Metering, 'readers' | 'views'>,
  folders: readonly string[],
): Sdk {
  refuseSecondSdk()
  for (const folder of folders) reportSecondApi(folder)
  routeSdkMessages(config.diagnosticLevel)
  const resource = resourceFromAttributes({ ...config.resource })
  const contextManager = new ScopedContextManager()
  const flyApi = createFlyApi(config.http.flyApiUrl)
  const textMapPropagator = createPropagator(config, flyApi)
  const clientSpans = { peerNames: createPeerNames(config.http.peerServices), flyApi }
  const openSpans = new OpenSpans()
  let instrumentations: Instrumentation[] = []
  if (config.disabled) {
    context.setGlobalContextManager(contextManager.enable())
    propagation.setGlobalPropagator(textMapPropagator)
  } else {
    guardSdk()
    instrumentations = loadInstrumentations(config.instrumentations.names, folders).filter(
      ({ instrumentationName }) => metering.readers.length > 0 || instrumentationName !== runtimeMetrics,
    )
    const modules = modulesOf(instrumentations)
    hookImports(modules)
    withoutVariables(
      () =>
        new NodeSDK({
          autoDetectResources: false,
          resource,
          contextManager,
          textMapPropagator,
          sampler: createSampler(config),
          spanProcessors: [
            stampingSpanProcessor(recorded.pushSpan, (span) => completeClientSpan(span, clientSpans), openSpans),
          ],
          logRecordProcessors: [stampingLogProcessor(recorded.pushLog)],
          metricReaders: metering.readers,
          views: metering.views,
          instrumentations,
        }),
    ).start()
    spreadBuiltinPatches(modules)
  }
  return {
    resource,
    openSpans,
    stop: () => {
      for (const each of instrumentations) if (each.instrumentationName !== runtimeMetrics) each.disable()
      spreadBuiltinPatches([])
      // NodeSDK.shutdown() leaves the API's globals registered, and a second start would be ignored by the API.
      for (const api of [trace, logs, metrics, propagation, context, diag]) api.disable()
    },
    stopMeasuring: () => {
      for (const each of instrumentations) if (each.instrumentationName === runtimeMetrics) each.disable()
    },
  }
}

/** What measures the runtime watches its event loop all the time: only where somebody is to know. */
const runtimeMetrics = '@opentelemetry/instrumentation-runtime-node'

const diagLevels: Readonly<Record<DiagnosticLevel, DiagLogLevel>> = {
  none: DiagLogLevel.NONE,
  error: DiagLogLevel.ERROR,
  warn: DiagLogLevel.WARN,
  info: DiagLogLevel.INFO,
  debug: DiagLogLevel.DEBUG,
}

/** What we have read ourselves, and the SDK would act on again: it would print whole spans to stdout, and warn twice. */
const alreadyRead = ['OTEL_LOG_LEVEL', 'OTEL_SDK_DISABLED']

function withoutVariables<T>(make: () => T): T {
  const hidden = alreadyRead.map((name) => [name, process.env[name]] as const)
  for (const name of alreadyRead) Reflect.deleteProperty(process.env, name)
  try {
    return make()
  } finally {
    for (const [name, value] of hidden) if (value !== undefined) process.env[name] = value
  }
}

/** Messages of the SDK are said in our voice, each once. */
function routeSdkMessages(level: DiagnosticLevel): void {
  const line = (message: string, details: unknown[]): string =>
    [message, ...details.filter((detail) => typeof detail !== 'object')].join(' ').split('\n', 1)[0] as string
  const say =
    (level: 'error' | 'warn' | 'info' | 'debug') =>
    (message: string, ...details: unknown[]): void =>
      diagnostics.once(level, `OpenTelemetry: ${line(message, details)}`)
  const logger = {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('debug'),
    verbose: say('debug'),
  }
  diag.setLogger(logger, { logLevel: diagLevels[level], suppressOverrideMessage: true })
}
