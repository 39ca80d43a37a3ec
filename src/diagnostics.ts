import { writeSync } from 'node:fs'

/** How loud the library's own voice is; `none` silences it. */
export type DiagnosticLevel = 'none' | 'error' | 'warn' | 'info' | 'debug'

/** One thing the library said about itself. */
export interface Diagnostic {
  readonly level: Exclude<DiagnosticLevel, 'none'>
  readonly message: string
}

const rank: Record<DiagnosticLevel, number> = { none: 0, error: 1, warn: 2, info: 3, debug: 4 }
const said = new Set<string>()
const counters = new Map<string, number>()
const listeners = new Set<(diagnostic: Diagnostic) => void>()
let threshold: DiagnosticLevel = 'warn'

/** Past this many different one-time messages the oldest is forgotten, so that a changing text cannot fill memory. */
const maxRemembered = 1_000

function say(level: Diagnostic['level'], message: string): void {
  for (const listener of listeners) {
    try {
      listener({ level, message })
    } catch {
      count('diagnostic_listener_errors')
    }
  }
  if (rank[level] > rank[threshold]) return
  try {
    // A synchronous write to the descriptor: it emits no event that could go unhandled when stderr is closed.
    writeSync(2, `signalbox: ${message}\n`)
  } catch {
    count('diagnostics_unwritten')
  }
}

function once(level: Diagnostic['level'], message: string, key: string = message): void {
  if (said.has(key)) return
  if (said.size >= maxRemembered) said.delete(said.values().next().value as string)
  said.add(key)
  say(level, message)
}

function count(name: string, by = 1): void {
  counters.set(name, (counters.get(name) ?? 0) + by)
}

/** See {@link diagnostics}. */
interface Diagnostics {
  say(level: Diagnostic['level'], message: string): void
  /** Says something the first time only; `key` tells two sayings apart, by default the message itself. */
  once(level: Diagnostic['level'], message: string, key?: string): void
  count(name: string, by?: number): void
  counters(): Readonly<Record<string, number>>
  setLevel(level: DiagnosticLevel): void
  /** Calls back with everything said, whatever the level; returns a function that ends it. */
  listen(listener: (diagnostic: Diagnostic) => void): () => void
  /** Forgets what was said and counted: a new start begins with a clean sheet. */
  reset(): void
}

/**
 * The library's own voice and its counters of things gone wrong.
 *
 * It writes lines to stderr and never goes through the library's own pipes, so that a failing backend cannot swallow
 * the news of its failure. Nothing here throws.
 */
export const diagnostics: Diagnostics = {
  say,
  once,
  count,
  counters: () => Object.freeze(Object.fromEntries(counters)),
  setLevel: (level) => {
    threshold = level
  },
  listen: (listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  reset: () => {
    said.clear()
    counters.clear()
  },
}
