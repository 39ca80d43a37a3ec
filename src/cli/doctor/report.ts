import type { SentSignal } from './endpoints.ts'

/** One thing that is wrong (`error`) or odd (`warning`). */
export interface Finding {
  readonly severity: 'error' | 'warning'
  /** Stable, in snake_case; listed in docs/doctor.md. */
  readonly code: string
  /** The variable, file path or backend that it is about. */
  readonly source: string
  /** What is wrong; no credential is shown. */
  readonly message: string
  /** What to do about it. */
  readonly fix?: string
}

/** One value of the configuration, and where it stands. */
export interface ShownValue {
  readonly name: string
  /** As text; `***` for a credential. */
  readonly value: string
  /** A variable, a place in the configuration file, or `default`. */
  readonly source: string
}

/** What became of the test item of one signal. */
export interface LiveResult {
  readonly signal: SentSignal
  /** True where the receiver said that it took the item. */
  readonly ok: boolean
  readonly url?: string
  readonly status?: number
  readonly tookMs: number
}

export interface BackendReport {
  readonly name: string
  readonly type: string
  readonly signals: readonly SentSignal[]
  readonly endpoints: Readonly<Partial<Record<SentSignal, string>>>
  readonly values: readonly ShownValue[]
  readonly findings: readonly Finding[]
  /** With `--live` alone. */
  readonly live?: readonly LiveResult[]
  /** Where the test trace and its log record are to be seen. */
  readonly look?: readonly string[]
}

/** What `signalbox doctor --json` prints. */
export interface DoctorReport {
  /** Changes only when something is taken out or changes its meaning. */
  readonly schema: 1
  readonly version: string
  /** True where no finding is an error. */
  readonly ok: boolean
  readonly live: boolean
  /** Of the test trace; with `--live` alone. */
  readonly traceId?: string
  readonly values: readonly ShownValue[]
  /** What is of no single backend. */
  readonly findings: readonly Finding[]
  readonly backends: readonly BackendReport[]
}
