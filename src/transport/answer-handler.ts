import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

/** What was answered, whatever the status. */
export interface HttpAnswer {
  readonly status: number
  /** The header's first value; undefined where there is none. */
  header(name: string): string | undefined
  /** The first bytes of the body, up to 64 KiB. */
  readonly body: Buffer
}

/** No head of an answer came in time. */
export class NoAnswerError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
    this.name = 'NoAnswerError'
  }
}

/** What is read of a body; receivers say what is wrong in less. */
const maxBodyBytes = 65_536

/** Past it `setTimeout` fires at once. */
const longestTimerMs = 2_147_483_647

export interface AnswerHandlerOptions {
  /** Gives the request up. */
  readonly signal: AbortSignal
  /** Most milliseconds until the answer is there; where only its head is by then, that is the answer. */
  readonly timeoutMs: number
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Waits for the answer to one request.
 *
 * A body that breaks off, or goes on beyond what is read, is cut there: the status is the answer.
 */
export class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #options: AnswerHandlerOptions
  readonly #onAbort = (): void => this.#giveUp(this.#options.signal.reason)
  readonly #timer: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #size = 0
  #status: number | undefined
  #headers: IncomingHttpHeaders = {}
  #controller: Dispatcher.DispatchController | undefined
  #isSettled = false

  constructor(options: AnswerHandlerOptions) {
    const { signal, timeoutMs } = options
    this.#options = options
    signal.addEventListener('abort', this.#onAbort)
    const timeOut = (): void => this.#giveUp(new NoAnswerError(timeoutMs))
    this.#timer = setTimeout(timeOut, Math.min(timeoutMs, longestTimerMs)).unref()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) controller.abort(new Error('given up'))
    this.#controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size >= maxBodyBytes) this.#giveUp(new Error('enough was read'))
  }

  onResponseEnd(): void {
    this.#settle(undefined)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#settle(error)
  }

  #giveUp(reason: unknown): void {
    this.#settle(reason)
    this.#controller?.abort(reason instanceof Error ? reason : new Error('given up'))
  }

  #settle(error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    if (this.#status === undefined) return this.#options.reject(error)
    const headers = this.#headers
    this.#options.resolve({
      status: this.#status,
      header: (name) => [headers[name]].flat()[0],
      body: Buffer.concat(this.#chunks).subarray(0, maxBodyBytes),
    })
  }
}
