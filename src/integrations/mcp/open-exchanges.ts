import { diagnostics } from '../../diagnostics.ts'
import type { Exchange, Outcome } from './exchange.ts'
import type { RequestId } from './sdk.ts'

/** The requests of one direction of a connection that are not answered yet, at most so many. */
export class OpenExchanges {
  readonly #byId = new Map<RequestId, Exchange>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Adds one; ends the oldest where there are too many, and one of the same id: they cannot be told apart. */
  add(exchange: Exchange): void {
    this.#drop(exchange.id, 'duplicate_request_id')
    if (this.#byId.size >= this.#limit) {
      const oldest = this.#byId.keys().next().value
      if (oldest !== undefined) this.#drop(oldest, 'abandoned')
    }
    this.#byId.set(exchange.id, exchange)
  }

  get(id: unknown): Exchange | undefined {
    // The SDKs take an answer whose id has turned from a number into text.
    return this.#byId.get(id as RequestId) ?? (typeof id === 'string' ? this.#byId.get(Number(id)) : undefined)
  }

  all(): Exchange[] {
    return [...this.#byId.values()]
  }

  /** Ends one and forgets it. */
  end(exchange: Exchange, outcome?: Outcome): void {
    if (this.#byId.get(exchange.id) === exchange) this.#byId.delete(exchange.id)
    exchange.end(outcome)
  }

  endAll(errorType: string): void {
    const open = this.all()
    this.#byId.clear()
    for (const exchange of open) exchange.end({ errorType })
  }

  #drop(id: RequestId, errorType: string): void {
    const exchange = this.#byId.get(id)
    if (exchange === undefined) return
    this.#byId.delete(id)
    if (!exchange.isAnswered) diagnostics.count(`mcp_requests_${errorType}`)
    exchange.end({ errorType })
  }
}
