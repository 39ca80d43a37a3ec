import type { DiagnosticLevel } from '../diagnostics.ts'
import type { Secret } from './secret.ts'
import type { BatchLimits, LevelName, PropagatorName, SamplerName } from './types.ts'

/** What every backend can be told, whatever its type. */
export interface BackendSettings {
  /** What it is offered. Default: traces, logs and metrics. */
  readonly signals?: readonly ('traces' | 'logs' | 'metrics')[]
  /** Log records below this are not offered to it. Default: none is held back. */
  readonly minLevel?: LevelName
  /** The share of traces that it gets, with their log records, from 0 to 1. Default: 1. */
  readonly sample?: number
  /** Milliseconds that one delivery attempt may take, or text such as `5s`. Default: 10,000. */
  readonly timeoutMs?: number | string
}

/** A built-in backend with options of its type; what is left out here is read from its variables. */
export interface TypedBackend extends BackendSettings {
  /** `grafana`, `logfire`, `otlp`, `console` or `memory`. */
  readonly type: string
  /** The name of this instance: small letters, digits and `-`. Default: the type. */
  readonly name?: string
  /** Default: `gzip`. */
  readonly compression?: 'gzip' | 'none'
  readonly exporter?: 'own' | 'official'
  readonly [option: string]: unknown
}

/** A backend of the application's own. */
export interface CustomBackend<Backend> extends BackendSettings {
  readonly name: string
  readonly backend: Backend
}

/** The least that a backend is. */
export interface Delivering {
  deliver(batch: never, signal: AbortSignal): Promise<unknown>
}

/**
 * The configuration as written in code, and without objects in the file that `TELEMETRY_CONFIG` names.
 *
 * What is left out comes from the next weaker source: the file, the environment, the default.
 */
export interface TelemetryConfig<Backend extends Delivering = Delivering> {
  /** `name`, `type:name`, a built-in backend with options, or an object with a `deliver` function. */
  readonly backends?: readonly (string | TypedBackend | CustomBackend<Backend>)[]
  /** True to record nothing; context and propagation still work. */
  readonly disabled?: boolean
  readonly diagnosticLevel?: DiagnosticLevel
  /** Becomes `service.namespace` and `deployment.environment.name`. */
  readonly environment?: string
  readonly serviceName?: string
  /** Further resource attributes; they win over those of weaker sources one by one. */
  readonly resource?: Readonly<Record<string, string>>
  readonly sampler?: { readonly name?: SamplerName; readonly ratio?: number }
  readonly propagators?: readonly PropagatorName[]
  readonly propagation?: {
    /** Hosts that may learn the tenant: names, `*.suffix`, `loopback`, `*`. */
    readonly to?: readonly string[] | 'none'
    /** Attribute keys that travel beside the default ones. */
    readonly keys?: readonly string[]
    readonly edge?: boolean
    /** Keys that sign tenant baggage: the first signs, all are accepted. */
    readonly tenantKeys?: string | readonly (string | Secret)[]
    /** Milliseconds, or text such as `5m`, for which signed baggage of a request is good. Default: 5 minutes. */
    readonly tenantTtlMs?: number | string
    /** The same for a job. Default: 7 days. */
    readonly jobTtlMs?: number | string
  }
  readonly instrumentations?: readonly string[] | 'auto' | 'none'
  readonly http?: {
    /** Paths of incoming requests that are not recorded; `/internal/*` is all that begins so. */
    readonly ignorePaths?: readonly string[]
    /** Names of services at other hosts, by host or `*.suffix`. */
    readonly peerServices?: Readonly<Record<string, string>>
    /** Base URL of the Fly Machines API, where it is not one of Fly's own. */
    readonly flyApiUrl?: string
  }
  readonly logging?: {
    readonly level?: LevelName | 'silent'
    readonly redact?: readonly string[]
    readonly stdout?: boolean
  }
  /** Metrics, which go to every backend that takes them. */
  readonly metrics?: {
    /** Default: true. */
    readonly enabled?: boolean
    /** Milliseconds from one collection to the next, or text such as `30s`. Default: 60,000. */
    readonly intervalMs?: number | string
  }
  /** Which secrets are censored in attributes, messages and statuses, before any backend has them. */
  readonly redaction?: {
    /** Default: true. */
    readonly enabled?: boolean
    /** Last words of names whose values are secrets, beside the usual ones. */
    readonly keys?: readonly string[]
    /** Attributes that are left alone; `page.*` stands for all that begin so. */
    readonly safeKeys?: readonly string[]
    /** Secrets known by their form, by the name that stands in their place. */
    readonly patterns?: Readonly<Record<string, string | RegExp>>
  }
  /** Limits of log records; those of spans are the SDK's own `OTEL_SPAN_*` variables. */
  readonly logRecordLimits?: { readonly attributeCount?: number; readonly attributeValueLength?: number }
  /** When a batch is closed; `traces` and `logs` win over what stands beside them. */
  readonly batch?: Partial<BatchLimits> & {
    readonly traces?: Partial<BatchLimits>
    readonly logs?: Partial<BatchLimits>
  }
  readonly queue?: { readonly maxItems?: number; readonly maxBytes?: number }
  /** When and where what waits is kept on disk. */
  readonly spool?: {
    readonly mode?: 'off' | 'on-failure' | 'always'
    readonly dir?: string
    readonly maxBytes?: number
  }
  readonly shutdownTimeoutMs?: number
}
