import type { DiagnosticLevel } from '../diagnostics.ts'
import type { Secret } from './secret.ts'

/** A standard sampler of the OpenTelemetry SDK, as `OTEL_TRACES_SAMPLER` names it. */
export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio'

/** A standard propagator, as `OTEL_PROPAGATORS` names it. */
export type PropagatorName = 'tracecontext' | 'baggage' | 'b3' | 'b3multi'

/** Severity names in rising order, those of pino. */
export type LevelName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** One backend, with everything it needs, as the pipeline will use it. */
export interface ResolvedBackend {
  /** The name of this instance: unique, and what `status()` shows. */
  readonly name: string
  /** The type as registered, or `custom` for an object passed in code. */
  readonly type: string
  /** The parsed options of its type; for `custom` the backend object itself. */
  readonly options: unknown
  readonly signals: readonly ('traces' | 'logs' | 'metrics')[]
  /** Log records below this are not offered to it. Default: none is held back. */
  readonly minLevel: LevelName | undefined
  /** The share of traces that it gets, with their log records. */
  readonly sample: number
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  readonly exporter: 'own' | 'official'
}

export interface BatchLimits {
  /** Items after which a batch is closed. */
  readonly maxItems: number
  /** Estimated bytes after which a batch is closed. */
  readonly maxBytes: number
  /** Milliseconds after its first item that a batch is closed. */
  readonly maxAgeMs: number
}

/** The one frozen result of reading code, file, environment and defaults. */
export interface ResolvedConfig {
  /** `OTEL_SDK_DISABLED`: no signal is recorded; context and propagation still work. */
  readonly disabled: boolean
  readonly diagnosticLevel: DiagnosticLevel
  readonly backends: readonly ResolvedBackend[]
  /** True where nobody named backends and the default was taken. */
  readonly backendsDefaulted: boolean
  /** Resource attributes, service identity and Fly.io ones included. */
  readonly resource: Readonly<Record<string, string | number>>
  readonly sampler: { readonly name: SamplerName; readonly ratio: number }
  readonly propagators: readonly PropagatorName[]
  readonly propagation: {
    /** Host patterns that may receive `baggage`. */
    readonly to: readonly string[]
    /** Attribute keys that travel as baggage, and are read from it. */
    readonly keys: readonly string[]
    /** True where requests come from outside the trust boundary: incoming baggage is dropped. */
    readonly edge: boolean
    /** Keys that tenant baggage is signed with, the first, and checked against, all. Empty: it is not signed. */
    readonly tenantKeys: readonly Secret[]
    /** Milliseconds for which signed baggage of a request is good. */
    readonly tenantTtlMs: number
    /** Milliseconds for which signed baggage of a job is good. */
    readonly jobTtlMs: number
  }
  readonly instrumentations: {
    /** `auto`: those whose target is installed. */
    readonly names: readonly string[] | 'auto'
  }
  readonly http: {
    /** Paths of incoming requests that are not recorded; one that ends in `*` stands for all that begin so. */
    readonly ignorePaths: readonly string[]
    /** Names of the services at other hosts, by host pattern. */
    readonly peerServices: Readonly<Record<string, string>>
    /** Base URL of the Fly Machines API, where it is not one of Fly's own. */
    readonly flyApiUrl: string | undefined
  }
  readonly logging: {
    readonly level: LevelName | 'silent'
    /** Paths, in pino's syntax, censored beside the default ones. */
    readonly redact: readonly string[]
    /** False where the logger's own JSON must not go to stdout; undefined lets the console backend decide. */
    readonly stdout: boolean | undefined
  }
  readonly metrics: {
    readonly enabled: boolean
    /** Milliseconds from one collection to the next. */
    readonly intervalMs: number
  }
  /** How secrets in attributes and texts are censored; undefined where they are not. */
  readonly redaction:
    | {
        /** Last words of names whose values are secrets, beside the default ones. */
        readonly keys: readonly string[]
        /** Attributes that are left alone; one that ends in `*` stands for all that begin so. */
        readonly safeKeys: readonly string[]
        /** Sources of regular expressions, by name. */
        readonly patterns: Readonly<Record<string, string>>
      }
    | undefined
  readonly logRecordLimits: {
    /** Most attributes of a log record. */
    readonly attributeCount: number
    /** Most characters of a text attribute. */
    readonly attributeValueLength: number
  }
  readonly batch: { readonly traces: BatchLimits; readonly logs: BatchLimits }
  readonly queue: {
    /** Most items (spans, log records) one lane holds. */
    readonly maxItems: number
    /** Most estimated bytes one lane holds. */
    readonly maxBytes: number
  }
  readonly spool: {
    readonly mode: 'off' | 'on-failure' | 'always'
    /** A folder of this user alone. */
    readonly dir: string
    /** Most bytes on disk for one backend and signal. */
    readonly maxBytes: number
  }
  /** Milliseconds that a stop may take, over all backends together. */
  readonly shutdownTimeoutMs: number
  /** What is odd about the configuration but stops nothing; to be said once at the start. */
  readonly warnings: readonly string[]
}
