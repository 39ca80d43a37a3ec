import type { IncomingHttpHeaders } from 'node:http'
import { AttemptError, readableMessage } from './export-failure.ts'
import { isHtmlPage } from './html-page.ts'
import { httpDateMs, retryAfterMs } from './retry-after.ts'
import { type MakeRequest, untracedRequest } from './untraced-request.ts'

/** What a receiver said to the last request, beyond what the exporter passes on. */
export interface LastAnswer {
  /** HTTP status; undefined where no answer came. */
  status: number | undefined
  headers?: Readonly<IncomingHttpHeaders> | undefined
  /** What a 2xx answer said of items it did not take. */
  partialSuccess: { readonly rejected: number; readonly message: string } | undefined
}

interface Response {
  readonly status: 'success' | 'failure' | 'retryable'
  readonly data?: Uint8Array
  readonly error?: Error
}
interface Transport {
  send(data: Uint8Array, timeoutMillis: number): Promise<Response>
  shutdown(): void
}
interface HttpTransport extends Transport {
  _parameters: { headers: () => Promise<Record<string, string>> }
  _loadUtils(): Promise<{ readonly agent: unknown; readonly request: MakeRequest }>
}
interface Delegate {
  _transport: Transport & { readonly _transport: HttpTransport }
  _responseHandler: { handleResponse(response: unknown): void }
}

/** The status with which Loki says that it dropped what it was sent. */
const ingestionBlocked = 260

/**
 * Makes an official OTLP/HTTP exporter try once per export, send our headers alone, untraced, and say what it was answered.
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
  const loadUtils = http._loadUtils.bind(http)
  http._loadUtils = async () => ({ ...(await loadUtils()), request: await untracedRequest() })
  const transport: Transport = {
    send: async (data, timeoutMillis) => finalOf(await http.send(data, timeoutMillis), last),
    shutdown: () => http.shutdown(),
  }
  Object.assign(delegate, { _transport: transport })
  delegate._responseHandler = {
    handleResponse: (response) => void (last.partialSuccess = readPartialSuccess(response)),
  }
  return true
}

function finalOf(response: Response, { status, headers = {} }: LastAnswer): Response {
  if (response.status === 'success') {
    if (status === ingestionBlocked) return failure(new AttemptError('the receiver has blocked ingestion', status))
    const body = Buffer.from(response.data ?? []).toString('utf8')
    return isHtmlPage(body, headers['content-type'])
      ? failure(new AttemptError(`a web page came back: ${readableMessage(body)}`, status ?? 200))
      : response
  }
  if (response.status === 'failure' || response.error !== undefined) {
    return failure(response.error ?? new AttemptError('the export failed', status))
  }
  // By its own reading a text with a number in it is a date of another century, and that is now.
  const nowMs = Date.now()
  const afterMs = retryAfterMs(headers['retry-after'], httpDateMs(headers.date ?? '', nowMs) ?? nowMs)
  return failure(new AttemptError(`the receiver answered ${status ?? 'nothing'}`, status, afterMs))
}

const failure = (error: Error): Response => ({ status: 'failure', error })

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
  if (typeof http['_loadUtils'] !== 'function') return false
  return isObject(http['_parameters']) && typeof http['_parameters']['headers'] === 'function'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
