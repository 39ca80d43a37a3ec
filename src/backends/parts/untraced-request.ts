import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'

/** Makes a request, as `http.request` does. */
export type MakeRequest = (
  url: URL,
  options: RequestOptions,
  onAnswer: (answer: IncomingMessage) => void,
) => ClientRequest

/**
 * Makes requests that no instrumentation sees, over http or https: as the agent says.
 *
 * The official exporters keep the `request` of their first export, with the patch of an instrumentation on it; it makes
 * spans also when that is disabled, and tracing can no longer be suppressed then: there is no context while telemetry
 * stops. The class behind it is not patched.
 */
export async function untracedRequest(): Promise<MakeRequest> {
  const [{ ClientRequest: Request }, { urlToHttpOptions }] = await Promise.all([
    import('node:http'),
    import('node:url'),
  ])
  return (url, options, onAnswer) => new Request({ ...urlToHttpOptions(url), ...options }, onAnswer)
}
