import { isOtlpBackend, type OtlpBackend, type OtlpOutcome } from '../../backends/backend.ts'
import { shownUrl } from '../../backends/parts/shown-url.ts'
import { builtinBackends } from '../../backends/registry.ts'
import type { ResolvedBackend } from '../../config/types.ts'
import { diagnose } from './diagnose.ts'
import { endpointsOf, type SentSignal } from './endpoints.ts'
import type { Evidence } from './evidence.ts'
import { hidingCredentials } from './hide-credentials.ts'
import type { Finding, LiveResult } from './report.ts'
import type { TestItems } from './test-items.ts'
import type { ValueSources } from './value-sources.ts'
import { watched } from './watch-answers.ts'

export interface LiveCheck {
  readonly live: readonly LiveResult[]
  readonly findings: readonly Finding[]
}

/** Sends the test items to one backend, its signals at once, through its own connection and encoder. Never rejects. */
export async function checkLive(
  backend: ResolvedBackend,
  items: TestItems,
  sources: ValueSources,
  proxyVariable: string | undefined,
): Promise<LiveCheck> {
  const { name, type, options, signals, timeoutMs, compression } = backend
  // The official exporters say less of an answer: what is checked is the address and the credentials, with our client.
  const context = { name, timeoutMs, compression, exporter: 'own' as const }
  const connected = builtinBackends[type]?.connect(options as never, context)
  if (connected === undefined || !isOtlpBackend(connected)) return { live: [], findings: [] }
  const urls = endpointsOf(backend)
  const hide = hidingCredentials(options as Readonly<Record<string, unknown>>)
  const places = {
    endpoint: sources.place(backend, 'endpoint', 'baseUrl', 'tracesEndpoint', 'logsEndpoint'),
    credentials: sources.place(backend, ...(credentialOptions[type] ?? ['headers'])),
    timeout: sources.place(backend, 'timeoutMs'),
    ca: type === 'otlp' ? sources.place(backend, 'certificate') : 'NODE_EXTRA_CA_CERTS',
  }
  // Connections do not keep the process: this does, for as long as an attempt may take.
  const held = setTimeout(() => undefined, timeoutMs + 5_000)
  try {
    const attempts = signals.map(async (signal): Promise<readonly [LiveResult, readonly Finding[]]> => {
      const startedAt = performance.now()
      const [outcome, seen] = await watched(() => sendTo(connected, items, signal))
      const tookMs = Math.round(performance.now() - startedAt)
      if (signal === 'metrics') seen.status = statusIn(outcome)
      const url = urls[signal] ?? ''
      const evidence: Evidence = {
        type,
        signal,
        outcome,
        seen,
        timeoutMs,
        places,
        hide,
        proxyVariable,
        url: new URL(url),
        nowMs: Date.now(),
      }
      const findings = [...diagnose(evidence), ...slowFinding(evidence, tookMs)]
      const ok = !findings.some(({ severity }) => severity === 'error')
      return [
        { signal, ok, url: shownUrl(url), ...(seen.status !== undefined && { status: seen.status }), tookMs },
        findings,
      ]
    })
    const results = await Promise.all(attempts)
    return { live: results.map(([result]) => result), findings: results.flatMap(([, findings]) => findings) }
  } finally {
    clearTimeout(held)
    await Promise.all([connected.close?.(), connected.closeMetrics?.()])
  }
}

const credentialOptions: Readonly<Record<string, readonly string[]>> = {
  grafana: ['apiKey', 'headers', 'instanceId'],
  logfire: ['token'],
  otlp: ['headers', 'tracesHeaders', 'logsHeaders'],
}

/** The official exporter of metrics goes over another client, which publishes nothing. */
function statusIn(outcome: OtlpOutcome): number | undefined {
  if (outcome.kind === 'delivered' || outcome.reason === 'partial_success') return 200
  const [, status] = /^http_(\d+)$/.exec(outcome.reason) ?? []
  return status === undefined ? undefined : Number(status)
}

/** Of metrics a request without any: there is nothing to see, and credentials are looked at first. */
async function sendTo(backend: OtlpBackend, items: TestItems, signal: SentSignal): ReturnType<OtlpBackend['send']> {
  if (signal === 'metrics') {
    const outcome = await backend.deliverMetrics?.(
      { resource: items.resource, scopeMetrics: [] },
      new AbortController().signal,
    )
    return outcome ?? { kind: 'delivered' }
  }
  const compression = backend.compression[signal] ?? 'gzip'
  const { body } = await items[signal].bytes(backend.view, compression)
  return backend.send({ signal, body, compression }, new AbortController().signal)
}

function slowFinding({ timeoutMs, places, seen, signal }: Evidence, tookMs: number): readonly Finding[] {
  if (seen.status === undefined || tookMs < timeoutMs / 2) return []
  const message = `the answer took ${tookMs} of the ${timeoutMs} ms that are waited for it`
  const fix = `Raise ${places.timeout}, or find out why the receiver is slow.`
  return [{ severity: 'warning', code: 'slow_answer', source: signal, message, fix }]
}
