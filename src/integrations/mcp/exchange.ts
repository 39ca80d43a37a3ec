import { type Attributes, type Context, createContextKey, type Span, SpanStatusCode } from '@opentelemetry/api'
import { messageOf } from '../../errors.ts'
import { printable } from './request-info.ts'
import { isRecord, type Message, type RequestId, type RequestMessage } from './sdk.ts'

/** How a request ended; none of it: well. */
export interface Outcome {
  readonly errorType?: string
  readonly description?: string
  readonly attributes?: Attributes
}

/** What an exchange is made of. */
interface ExchangeInput {
  readonly request: RequestMessage
  readonly span: Span
  /** The name the span should end with, if its request is answered well. */
  readonly name: string
  /** The context with the span, without the exchange. */
  readonly context: Context
}

const maxDescriptionLength = 300
const exchangeKey = createContextKey('signalbox.mcp.exchange')

/** The exchange whose handler runs in a context. */
export function exchangeOf(context: Context): Exchange | undefined {
  return context.getValue(exchangeKey) as Exchange | undefined
}

/** One request and its answer: the span that stands for them, ended once. */
export class Exchange {
  readonly id: RequestId
  readonly method: string
  readonly span: Span
  readonly name: string
  /** The context its work runs in. */
  readonly context: Context
  #outcome: Outcome | undefined
  #exception: unknown
  #isOpen = true

  constructor(input: ExchangeInput) {
    this.id = input.request.id
    this.method = input.request.method
    this.span = input.span
    this.name = input.name
    this.context = input.context.setValue(exchangeKey, this)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isAnswered(): boolean {
    return this.#outcome !== undefined
  }

  /** Says how it ended, ahead of the end: a connection closed after the answer does not make a failure of it. */
  answer(outcome: Outcome): void {
    this.#outcome ??= outcome
  }

  /** Ends the span, with the answer there is; `otherwise` is how it ended if there is none. */
  end(otherwise: Outcome = {}): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    const { errorType, description, attributes } = this.#outcome ?? otherwise
    if (attributes !== undefined) this.span.setAttributes(attributes)
    if (errorType !== undefined) {
      this.span.setAttribute('error.type', errorType)
      const message = description ?? (this.#exception === undefined ? undefined : messageOf(this.#exception))
      this.span.setStatus({
        code: SpanStatusCode.ERROR,
        ...(message !== undefined && { message: printable(message, maxDescriptionLength) }),
      })
    }
    this.span.end()
  }

  /** Ends it for an error of the transport: the message was not delivered. */
  fail(error: unknown): void {
    if (!this.#isOpen) return
    this.recordException(error)
    if (this.#outcome?.errorType === undefined) this.#outcome = { errorType: typeOf(error) }
    this.end()
  }

  /** Keeps an exception as the span's event; the same one is kept once. */
  recordException(error: unknown): void {
    if (!this.#isOpen || error === this.#exception) return
    this.#exception = error
    this.span.recordException(error instanceof Error ? error : messageOf(error))
  }
}

/**
 * How a request ended by its JSON-RPC response, in the words of the MCP semantic conventions.
 *
 * `error.type` is the error's code, or `tool_error` for a tool's result with `isError`.
 */
export function outcomeOf(method: string, response: Message): Outcome {
  const error = response['error']
  if (isRecord(error)) {
    const code = printable(String(error['code']), 32)
    return {
      errorType: code,
      ...(typeof error['message'] === 'string' && { description: error['message'] }),
      attributes: { 'rpc.response.status_code': code },
    }
  }
  const result = response['result']
  if (!isRecord(result)) return {}
  if (method === 'tools/call' && result['isError'] === true) return { errorType: 'tool_error' }
  const version = method === 'initialize' ? result['protocolVersion'] : undefined
  return typeof version === 'string' ? { attributes: { 'mcp.protocol.version': printable(version, 32) } } : {}
}

function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER'
  const name = error.name === 'Error' ? error.constructor.name : error.name
  return name === '' ? '_OTHER' : printable(name, 64)
}
