import { context as contextApi } from '@opentelemetry/api'
import { exchangeOf } from './exchange.ts'
import { isRecord } from './sdk.ts'

type Handler = (this: unknown, ...args: unknown[]) => unknown

/** JSON-RPC code of `UrlElicitationRequired`: thrown to ask the user for something, not a failure. */
const urlElicitationRequired = -32042

/**
 * What is read of an SDK's server or client beside its public interface: what it has registered, and what its handlers
 * throw, which the SDK turns into answers without a stack.
 *
 * All of it is optional: where a version of the SDK has no such field, names are trusted later and exceptions are not
 * recorded.
 */
export class Peer {
  readonly #protocol: Readonly<Record<string, unknown>>
  readonly #facade: Readonly<Record<string, unknown>>
  readonly #watched = new WeakSet<object>()

  constructor(protocol: object, facade: object) {
    this.#protocol = protocol as Readonly<Record<string, unknown>>
    this.#facade = facade as Readonly<Record<string, unknown>>
  }

  /** Tells whether a handler is registered for a method, and for a tool or a prompt whether it is. */
  has(method: string, target: string | undefined): boolean {
    if (target === undefined) return this.#handlers()?.has(method) === true
    const registered = this.#facade[method === 'tools/call' ? '_registeredTools' : '_registeredPrompts']
    return isRecord(registered) && Object.hasOwn(registered, target)
  }

  /** Records what a server's tools throw; once, whenever they are registered. */
  watchTools(): void {
    const execute = this.#facade['executeToolHandler']
    if (typeof execute !== 'function') return
    const watched = watch(execute as Handler, (error) => codeOf(error) !== urlElicitationRequired)
    Object.defineProperty(this.#facade, 'executeToolHandler', { value: watched, writable: true, configurable: true })
  }

  /** Records what the handler of a method throws, unless it is an error made to be sent: one with a JSON-RPC code. */
  watchHandler(method: string): void {
    const handlers = this.#handlers()
    const handler = handlers?.get(method)
    if (typeof handler !== 'function' || this.#watched.has(handler)) return
    const watched = watch(handler as Handler, (error) => !Number.isSafeInteger(codeOf(error)), method)
    this.#watched.add(watched)
    handlers?.set(method, watched)
  }

  #handlers(): Map<string, unknown> | undefined {
    const handlers = this.#protocol['_requestHandlers']
    return handlers instanceof Map ? (handlers as Map<string, unknown>) : undefined
  }
}

/** The same function; what it throws or rejects with is recorded with the request it serves, and goes on as it was. */
function watch(handler: Handler, isWanted: (error: unknown) => boolean, method = 'tools/call'): Handler {
  return function (this: unknown, ...args) {
    const record = (error: unknown): void => {
      const exchange = exchangeOf(contextApi.active())
      if (exchange?.method === method && isWanted(error)) exchange.recordException(error)
    }
    try {
      const result = handler.apply(this, args)
      if (result instanceof Promise) void result.then(undefined, record)
      return result
    } catch (error) {
      record(error)
      throw error
    }
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
