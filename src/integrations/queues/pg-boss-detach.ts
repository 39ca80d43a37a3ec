import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { loaded, wrapMethod } from './loaded.ts'

const detached = new Set<unknown>()

/**
 * Lets the workers of pg-boss leave the context that `work()` is called in.
 *
 * Otherwise every poll of a worker made during a request would be part of that request, for as long as the worker lives.
 */
export function detachWorkers(): void {
  for (const { PgBoss } of loaded('pg-boss')) {
    if (detached.has(PgBoss)) continue
    detached.add(PgBoss)
    wrapMethod(PgBoss, 'work', (_self, _args, proceed) => contextApi.with(ROOT_CONTEXT, proceed))
  }
}
