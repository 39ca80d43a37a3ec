import { createRequire } from 'node:module'
import type { pino as Pino } from 'pino'

// `require`, not `import`: an ES module that was imported once can no longer be patched, so instrumentation-pino,
// enabled later, could not write trace ids into the lines of loggers the application makes of its own `import pino`.
// The copy held here stays unpatched, so that our own loggers do not get them twice.
export const pino: typeof Pino = createRequire(import.meta.url)('pino') as typeof Pino

/** What a pino logger keeps under one of the symbols that pino publishes in `pino.symbols`. */
export function internalOf(logger: object, symbol: symbol): unknown {
  return (logger as Record<symbol, unknown>)[symbol]
}
