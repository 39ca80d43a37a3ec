import { AttemptError } from './export-failure.ts'

/** What a receiver said to the last request, beyond what the exporter passes on. */
export interface LastAnswer {
  /** HTTP status; undefined where no answer came. */
  status: number | undefined
  /** What a 2xx answer said of items it did not take. */
  partialSuccess: { readonly rejected: number; readonly message: string } | undefined
}

interface Response {
  readonly status: 'success' | 'failure' | 'retryable'
  readonly data?: Uint8Array
  readonly error?: Error
  readonly retryInMillis?: number
}
interface Transport {
  send(data: Uint8Array, timeoutMillis: number): Promise<Response>
  shutdown(): void
}
interface Delegate {
  _transport: Transport & {
    readonly _transport: Transport & { _parameters: { headers: () => Promise<Record<string, string>> } }
  }
  _responseHandler: { handleResponse(response: unknown): void }
}

/** The status with which Loki says that it dropped what it was sent. */
const ingestionBlocked = 260

/**
 * Makes an official OTLP/HTTP exporter try once per export, send our headers alone, and say what it was answered.
 *
 * By itself it tries up to five times within its timeout, with timers that keep the process alive, hides the status and
 * `Retry-After`, logs partial success instead of returning it, and adds the headers of `OTEL_EXPORTER_OTLP_HEADERS`, also
 * those meant for another backend. All of that can be reached only through its private members: false, with nothing
 * changed, where they are not what they are in the version this package pins.
 */
export function makeSingleAttempt(
  exporter: object,
  headers: Readonly<Record<string, string>>,
  last: LastAnswer,
): boolean {
  const delegate: unknown = (exporter as { readonly _delegate?: unknown })._delegate
  if (!isDelegate(delegate)) return false
  const http = delegate._transport._transport
  http._parameters.headers = async () => ({ ...headers, 'Content-Type': 'application/x-protobuf' })
  const transport: Transport = {
    send: async (data, timeoutMillis) => finalOf(await http.send(data, timeoutMillis), last.status),
    shutdown: () => http.shutdown(),
  }
  Object.assign(delegate, { _transport: transport })
  delegate._responseHandler = {
    handleResponse: (response) => void (last.partialSuccess = readPartialSuccess(response)),
  }
  return true
}

function finalOf(response: Response, status: number | undefined): Response {
  if (response.status === 'success') {
    if (status !== ingestionBlocked) return response
    return { status: 'failure', error: new AttemptError('the receiver has blocked ingestion', ingestionBlocked) }
  }
  if (response.status === 'failure' || response.error !== undefined) {
    return { status: 'failure', error: response.error ?? new AttemptError('the export failed', status) }
  }
  const retryAfterMs = response.retryInMillis === undefined ? undefined : Math.max(0, response.retryInMillis)
  return {
    status: 'failure',
    error: new AttemptError(`the receiver answered ${status ?? 'nothing'}`, status, retryAfterMs),
  }
}

function readPartialSuccess(response: unknown): LastAnswer['partialSuccess'] {
  if (!isObject(response) || !isObject(response['partialSuccess'])) return undefined
  const { rejectedSpans, rejectedLogRecords, rejectedDataPoints, errorMessage } = response['partialSuccess']
  const rejected = Number(rejectedSpans ?? rejectedLogRecords ?? rejectedDataPoints ?? 0)
  const message = typeof errorMessage === 'string' ? errorMessage : ''
  if (!(rejected >= 0) || (rejected === 0 && message === '')) return undefined
  return { rejected, message }
}

function isDelegate(value: unknown): value is Delegate {
  if (!isObject(value) || !isObject(value['_responseHandler']) || !isObject(value['_transport'])) return false
  const http = value['_transport']['_transport']
  if (!isObject(http) || typeof http['send'] !== 'function' || typeof http['shutdown'] !== 'function') return false
  return isObject(http['_parameters']) && typeof http['_parameters']['headers'] === 'function'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
