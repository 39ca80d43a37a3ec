import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { builtinBackends } from './backends/registry.ts'
import type { Backend } from './backends/backend.ts'
import type { TelemetryConfig as ConfigOf } from './config/telemetry-config.ts'
import { resolveConfig } from './config/resolve.ts'
import type { ResolvedBackend, ResolvedConfig } from './config/types.ts'
import { diagnostics } from './diagnostics.ts'
import { TelemetryError } from './errors.ts'
import { attachProcessHooks } from './instrument/process-hooks.ts'
import { drainingOf } from './instrument/draining.ts'
import { createMetering, type Metering } from './instrument/metrics/metering.ts'
import { showPendingSpans } from './instrument/pending-spans.ts'
import { type Recorded, type Sdk, startSdk } from './instrument/sdk.ts'
import { captureLogs } from './logging/capture.ts'
import { configureLogging, defaultLoggingSettings, logger, type Logger } from './logging/logger.ts'
import { createRedactor } from './logging/redact.ts'
import type { SpoolOptions } from './pipeline/lane-options.ts'
import { type BackendStatus, createPipeline, type Pipeline, type PipelineBackend } from './pipeline/pipeline.ts'
import { saySummary } from './pipeline/summary.ts'

/** The configuration as written in code; what is left out comes from the file, the environment, the defaults. */
export type TelemetryConfig = ConfigOf<Backend>

/** Gives a configuration its type; returns it unchanged. */
export function defineConfig(config: TelemetryConfig): TelemetryConfig {
  return config
}

/** What is known of the running telemetry: per backend what was accepted, delivered, is queued, and was dropped and why. */
export interface TelemetryStatus {
  readonly state: 'running' | 'stopped' | 'disabled'
  readonly backends: Readonly<Record<string, BackendStatus>>
  /** Counts of things that went wrong outside the backends: attributes left out, lines not parsed, … */
  readonly counters: Readonly<Record<string, number>>
}

/** The running telemetry. */
export interface Telemetry {
  /** The application's logger; the same as the package's `logger`. */
  readonly logger: Logger
  /**
   * Delivers everything recorded so far.
   *
   * Resolves true when every backend has it; false when one lost something meanwhile, or when `timeoutMs` (default: the
   * configured shutdown timeout, 3,000) passed before: what was left stays queued. Metrics are collected and delivered too;
   * one that does not take them makes no difference, as the next ones make up for it. Never rejects.
   */
  flush(timeoutMs?: number): Promise<boolean>
  /**
   * Delivers what it can within one deadline for all backends, then unregisters everything; never rejects.
   *
   * What is left at the deadline (default: the configured shutdown timeout, 3,000 ms) is on disk for the next process, or is
   * dropped and counted where it cannot be. What each backend got is said. A second call waits for the first.
   * `startTelemetry` may be called again afterwards.
   */
  stop(timeoutMs?: number): Promise<void>
  status(): TelemetryStatus
}

interface Running {
  readonly telemetry: Telemetry
  readonly code: TelemetryConfig
}

let running: Running | undefined

// Tracers and loggers that the application keeps outlive a stop: they push here, to whatever runs then.
let pipeline: Pipeline | undefined

/**
 * Starts telemetry: reads the configuration, registers the OpenTelemetry SDK, and delivers to the backends named.
 *
 * Synchronous. Sources of configuration, strongest first: `config`, the file named by `TELEMETRY_CONFIG`, environment
 * variables, defaults. While telemetry runs, a call without `config`, or with an equal one, returns the running one.
 *
 * @throws TelemetryError `ERR_CONFIG_INVALID` with every problem found; `ERR_ALREADY_STARTED` for a different `config`
 * while running; `ERR_SDK_CONFLICT` where another OpenTelemetry SDK is registered.
 */
export function startTelemetry(config: TelemetryConfig = {}): Telemetry {
  if (running !== undefined) {
    if (Object.keys(config).length === 0 || isDeepStrictEqual(config, running.code)) return running.telemetry
    throw new TelemetryError('ERR_ALREADY_STARTED', 'telemetry already runs with a different configuration', {
      hint: 'Configure it in one place: signalbox/register and environment variables, or startTelemetry(config), or await stop() first.',
    })
  }
  const telemetry = start(readConfig(config))
  running = { telemetry, code: config }
  return telemetry
}

function readConfig(code: TelemetryConfig): ResolvedConfig {
  return resolveConfig({
    code,
    env: process.env,
    backendTypes: builtinBackends,
    isTerminal: process.stdout.isTTY,
    cwd: process.cwd(),
    entry: process.argv[1],
  })
}

function start(config: ResolvedConfig): Telemetry {
  diagnostics.reset()
  diagnostics.setLevel(config.diagnosticLevel)
  for (const warning of config.warnings) diagnostics.once('warn', warning)
  const backends = config.disabled ? [] : config.backends.map(connect)
  const own = createPipeline({
    backends,
    batch: config.batch,
    queue: config.queue,
    spool: spoolOf(config),
    redaction: config.redaction,
    resource: resourceFromAttributes({ ...config.resource }),
  })
  const metering = createMetering({
    backends: config.metrics.enabled ? backends : [],
    intervalMs: config.metrics.intervalMs,
    withoutKeys: config.propagation.keys.filter((key) => key !== 'operation.type'),
  })
  const status = (): Record<string, BackendStatus> => metering.withMetrics(own.status())
  const sdk = startSdkFor(config, own, metering)
  metering.observe(status, config.queue.maxItems)
  pipeline = own
  const { attributeCount: attributeCountLimit, attributeValueLength: attributeValueLengthLimit } =
    config.logRecordLimits
  const captureOptions = {
    resource: sdk.resource,
    limits: { attributeCountLimit, attributeValueLengthLimit },
    redact: createRedactor(config.logging.redact),
  }
  const takesLogs = !config.disabled && config.backends.some(({ signals }) => signals.includes('logs'))
  const stopCapture = takesLogs ? captureLogs((entry) => own.pushLog(entry), captureOptions) : undefined
  const consoleDraws = config.backends.some(({ type, signals }) => type === 'console' && signals.includes('logs'))
  // In records these names are found later, where it can be noted what was censored.
  const redactKeys = config.redaction?.keys ?? []
  configureLogging({
    ...config.logging,
    redactKeys,
    stdout: config.logging.stdout ?? (config.disabled || !consoleDraws),
  })
  const stopShowing = own.takesPending
    ? showPendingSpans(sdk.openSpans, (pending) => own.pushPending(pending))
    : undefined
  const detach = attachProcessHooks(drainingOf(own, metering, sdk.openSpans, config.shutdownTimeoutMs))
  sayStart(config)

  let stopping: Promise<void> | undefined
  const stop = async (timeoutMs: number): Promise<void> => {
    stopCapture?.()
    stopShowing?.()
    configureLogging(defaultLoggingSettings)
    running = undefined
    sdk.stop()
    const deadline = performance.now() + timeoutMs
    // Metrics say how the delivery ended, and want their part of the time.
    await Promise.all([own.flush(timeoutMs), metering.close(timeoutMs)])
    sdk.stopMeasuring()
    await own.close(deadline - performance.now())
    detach()
    saySummary(own.status())
    if (pipeline === own) pipeline = undefined
  }
  return {
    logger,
    flush: async (timeoutMs = config.shutdownTimeoutMs) => {
      const done = await Promise.all([own.flush(timeoutMs), metering.flush(timeoutMs)])
      return done.every(Boolean)
    },
    stop: (timeoutMs = config.shutdownTimeoutMs) => (stopping ??= stop(timeoutMs)),
    status: () => ({
      state: stopping !== undefined ? 'stopped' : config.disabled ? 'disabled' : 'running',
      backends: status(),
      counters: diagnostics.counters(),
    }),
  }
}

/** Folders of a service are told apart by its name, its namespace and its environment: those of another one are not ours to send. */
function spoolOf({ spool, resource }: ResolvedConfig): SpoolOptions | undefined {
  const { mode, dir, maxBytes } = spool
  const names = ['deployment.environment.name', 'service.namespace', 'service.name'].map((key) => String(resource[key]))
  const service = [...new Set(names)].join('.')
  return mode === 'off' ? undefined : { mode, dir, maxBytes, service }
}

function startSdkFor(config: ResolvedConfig, own: Pipeline, metering: Metering): Sdk {
  const recorded: Recorded = {
    pushSpan: (span) => pipeline?.pushSpan(span),
    pushLog: (entry) => pipeline?.pushLog(entry),
  }
  try {
    return startSdk(config, recorded, metering, applicationFolders())
  } catch (error) {
    void own.close(0)
    throw error
  }
}

function connect({
  name,
  type,
  options,
  signals,
  minLevel,
  sample,
  timeoutMs,
  compression,
  exporter,
}: ResolvedBackend): PipelineBackend {
  const builtin = Object.hasOwn(builtinBackends, type) ? builtinBackends[type] : undefined
  const backend = builtin?.connect(options as never, { name, timeoutMs, compression, exporter }) ?? (options as Backend)
  const ofLanes = signals.filter((signal) => signal !== 'metrics')
  const takesMetrics = signals.includes('metrics')
  return { name, type, backend, signals: ofLanes, takesMetrics, minLevel, sample, timeoutMs }
}

/** Where the application's modules are: beside the file that Node was started with, and where it was started. */
function applicationFolders(): string[] {
  const [, entry] = process.argv
  const folders = [process.cwd()]
  try {
    if (entry !== undefined) folders.unshift(dirname(realpathSync(entry)))
  } catch {
    // Started without a file: from standard input, or with --eval.
  }
  return [...new Set(folders)]
}

/** Says what goes where, and where nobody chose it, that a default was taken. */
function sayStart({ backends, backendsDefaulted, disabled, metrics, resource }: ResolvedConfig): void {
  const taken = disabled ? [] : backends
  if (backendsDefaulted) {
    const chosen = backends.map(({ name }) => name).join(', ') || 'none'
    const why = chosen === 'none' ? 'nothing is exported' : 'drawing traces and logs in this terminal'
    diagnostics.once('warn', `TELEMETRY_BACKENDS is not set, taking "${chosen}": ${why}.`)
  }
  const each = taken.map(({ name, signals }) => {
    const collected = signals.filter((signal) => signal !== 'metrics' || metrics.enabled)
    return `${collected.join(', ')} to "${name}"`
  })
  diagnostics.say('info', `started "${resource['service.name']}": ${each.join('; ') || 'nothing is exported'}.`)
}
