import type { OptionProblem, OptionsOf } from '../config/option.ts'
import { credentialNames } from '../config/parsers/headers.ts'
import { signalUrl } from '../config/parsers/url.ts'
import { type Backend, type BackendContext, type BackendType, defineBackend, type Signal, signals } from './backend.ts'
import { otlpHttp } from './otlp-http.ts'
import { type OtlpOptions, otlpOptions } from './parts/otlp-options.ts'
import { attributeOptions, type AttributeOptions, attributeProblems, viewWith } from './parts/attribute-options.ts'
import { otlpMetrics } from './parts/otlp-metrics.ts'
import { perSignal } from './parts/per-signal.ts'
import { plaintextProblems } from './parts/plaintext.ts'
import type { Destination } from './parts/wire.ts'
import { plainView } from './view.ts'

type Table = OtlpOptions & AttributeOptions
type Options = OptionsOf<Table>

/**
 * Any receiver of OTLP/HTTP with protobuf: the OpenTelemetry Collector, Jaeger, a vendor.
 *
 * Options are those of the OTLP exporter specification: `/v1/<signal>` is appended to `endpoint`, an endpoint of one
 * signal is used as it is; headers of one signal are laid over the general ones.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export const otlpBackend: BackendType<Table> = defineBackend({
  type: 'otlp',
  summary: 'Any receiver of OTLP/HTTP: the OpenTelemetry Collector, Jaeger, a vendor.',
  options: { ...otlpOptions, ...attributeOptions },
  problems: (options, isBad) => [
    ...([...signals, 'metrics'] as const).flatMap((signal) => problemsOf(options, signal, isBad)),
    ...attributeProblems(options),
  ],
  connect: (options, context) => ({
    ...perSignal((signal) => connect(options, signal, context)),
    ...otlpMetrics(destinationOf(options, 'metrics', context)),
  }),
})

function problemsOf(
  options: Partial<Options>,
  signal: Signal | 'metrics',
  isBad: (option: string) => boolean,
): readonly OptionProblem[] {
  const own = options[`${signal}Endpoint`]
  const hasCredentials = credentialNames({ ...options.headers, ...options[`${signal}Headers`] }).length > 0
  const at = own === undefined ? { endpoint: options.endpoint } : { [`${signal}Endpoint`]: own }
  const key = options[`${signal}ClientKey`] ?? options.clientKey
  const certificate = options[`${signal}ClientCertificate`] ?? options.clientCertificate
  const found = [...plaintextProblems(at, hasCredentials)]
  // Metrics came later: who gives each other signal a certificate of its own has not said that they go another way.
  if (
    signal === 'metrics' &&
    options.metricsClientKey === undefined &&
    options.metricsClientCertificate === undefined
  ) {
    return found
  }
  if ((key === undefined) === (certificate === undefined) || isBad(`${signal}ClientKey`)) return found
  const [option, other] = key === undefined ? ['clientKey', 'certificate'] : ['clientCertificate', 'key']
  const hint = 'A client certificate and its private key work together alone.'
  return [...found, { option, message: `is not set beside a client ${other}`, hint, missing: true }]
}

function destinationOf(options: Options, signal: Signal | 'metrics', context: BackendContext): Destination {
  const ca = options[`${signal}Certificate`] ?? options.certificate
  const cert = options[`${signal}ClientCertificate`] ?? options.clientCertificate
  const key = options[`${signal}ClientKey`] ?? options.clientKey
  return {
    url: options[`${signal}Endpoint`] ?? signalUrl(options.endpoint, signal),
    headers: { ...options.headers, ...options[`${signal}Headers`] },
    timeoutMs: options[`${signal}TimeoutMs`] ?? context.timeoutMs,
    compression: options[`${signal}Compression`] ?? context.compression,
    tls: { ...(ca && { ca }), ...(cert && key && { cert, key: key.reveal() }) },
  }
}

function connect(options: Options, signal: Signal, context: BackendContext): Backend {
  const { url, headers, timeoutMs, compression, tls } = destinationOf(options, signal, context)
  return otlpHttp({
    endpoints: { [signal]: url },
    headers: { [signal]: headers ?? {} },
    timeoutMs: timeoutMs === undefined ? {} : { [signal]: timeoutMs },
    compression: compression === undefined ? {} : { [signal]: compression },
    exporter: context.exporter,
    view: viewWith(plainView, options, context),
    ...(tls && { tls }),
  })
}
