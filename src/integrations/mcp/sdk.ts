/** A JSON-RPC message as the SDK hands it over; who sent it is not to be trusted with the types of what is inside. */
export type Message = Readonly<Record<string, unknown>>

export type RequestId = string | number

/** A request, by its `id` and `method`. */
export interface RequestMessage extends Message {
  readonly id: RequestId
  readonly method: string
}

type Receive = (this: unknown, message: unknown, extra?: unknown) => unknown
type Send = (message: unknown, options?: unknown) => Promise<void>

/** What is used of a transport: the part of its interface that is the same in 1.x and 2.x. */
export interface Transport {
  start: () => Promise<void>
  send: Send
  onmessage?: Receive | undefined
  onclose?: (() => void) | undefined
  readonly sessionId?: string | undefined
}

/** What is used of `Server` and `Client`. */
export interface Protocol {
  connect: (transport: Transport, ...rest: unknown[]) => Promise<unknown>
  readonly transport?: Transport | undefined
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || typeof value === 'number'
}

export function isRequest(message: Message): message is RequestMessage {
  return isRequestId(message['id']) && typeof message['method'] === 'string'
}

export function isResponse(message: Message): message is Message & { readonly id: RequestId } {
  return isRequestId(message['id']) && message['method'] === undefined
}

/** The `params` of a message, or an empty object. */
export function paramsOf(message: Message): Readonly<Record<string, unknown>> {
  return isRecord(message['params']) ? message['params'] : {}
}

/** The `params._meta` of a message, or undefined. */
export function metaOf(message: Message): Readonly<Record<string, unknown>> | undefined {
  const meta = paramsOf(message)['_meta']
  return isRecord(meta) ? meta : undefined
}
