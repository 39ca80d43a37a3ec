import { type Option, ValueError } from '../../config/option.ts'
import { pemFile, pemKeyFile } from '../../config/parsers/file-content.ts'
import { type Headers, headers } from '../../config/parsers/headers.ts'
import { duration, milliseconds } from '../../config/parsers/number.ts'
import { oneOf, text } from '../../config/parsers/text.ts'
import { httpUrl } from '../../config/parsers/url.ts'
import type { Secret } from '../../config/secret.ts'

type Compression = 'gzip' | 'none'
type Protocol = 'http/protobuf'
type Defaulted<T> = Option<T> & { readonly default: T }

/** The options of the OTLP exporter specification that apply to OTLP/HTTP. */
export type OtlpOptions = {
  readonly endpoint: Defaulted<string>
  readonly tracesEndpoint: Option<string>
  readonly logsEndpoint: Option<string>
  readonly metricsEndpoint: Option<string>
  readonly headers: Option<Headers>
  readonly tracesHeaders: Option<Headers>
  readonly logsHeaders: Option<Headers>
  readonly metricsHeaders: Option<Headers>
  readonly timeoutMs: Defaulted<number>
  readonly tracesTimeoutMs: Option<number>
  readonly logsTimeoutMs: Option<number>
  readonly metricsTimeoutMs: Option<number>
  readonly compression: Defaulted<Compression>
  readonly tracesCompression: Option<Compression>
  readonly logsCompression: Option<Compression>
  readonly metricsCompression: Option<Compression>
  readonly protocol: Defaulted<Protocol>
  readonly tracesProtocol: Option<Protocol>
  readonly logsProtocol: Option<Protocol>
  readonly metricsProtocol: Option<Protocol>
  readonly certificate: Option<string>
  readonly tracesCertificate: Option<string>
  readonly logsCertificate: Option<string>
  readonly metricsCertificate: Option<string>
  readonly clientKey: Option<Secret>
  readonly tracesClientKey: Option<Secret>
  readonly logsClientKey: Option<Secret>
  readonly metricsClientKey: Option<Secret>
  readonly clientCertificate: Option<string>
  readonly tracesClientCertificate: Option<string>
  readonly logsClientCertificate: Option<string>
  readonly metricsClientCertificate: Option<string>
}

function protocol(raw: unknown): Protocol {
  const given = text(raw).toLowerCase()
  if (given === 'http/protobuf') return given
  const isOther = given === 'grpc' || given === 'http/json'
  const hint =
    given === 'grpc' ? 'Take the HTTP port of the receiver, usually 4318, and http/protobuf.' : 'Take http/protobuf.'
  throw new ValueError(isOther ? 'is not supported' : 'is no protocol of OTLP', hint)
}

const compression = oneOf('gzip', 'none')

/** An option with its standard variable; for one signal, where there is one. */
function standard<T>(rest: string, about: string, parse: (raw: unknown) => T, signal?: string): Option<T> {
  const name = signal === undefined ? rest : `${signal.toUpperCase()}_${rest}`
  const text = signal === undefined ? about : `${about.slice(0, -1)}, for ${signal} alone.`
  return { about: text, parse, env: [`OTEL_EXPORTER_OTLP_${name}`] }
}

const endpoint = (signal: string): Option<string> => ({
  ...standard('ENDPOINT', '', httpUrl, signal),
  about: `The endpoint of ${signal} alone, used as it is.`,
})
const headersOf = (signal?: string): Option<Headers> => ({
  ...standard(
    'HEADERS',
    'Headers to send: name=value pairs separated by commas, values percent-encoded.',
    headers,
    signal,
  ),
  secret: true,
})
const timeoutMs = (signal?: string): Option<number> => ({
  ...standard('TIMEOUT', 'Longest one delivery attempt may take.', duration(1), signal),
  parseOtel: milliseconds(1),
})
const compressionOf = (signal?: string): Option<Compression> =>
  standard('COMPRESSION', '`gzip` or `none`.', compression, signal)
const protocolOf = (signal?: string): Option<Protocol> =>
  standard('PROTOCOL', 'Only `http/protobuf`.', protocol, signal)
const certificate = (signal?: string): Option<string> =>
  standard('CERTIFICATE', 'PEM file of the authorities to trust instead of the well-known ones.', pemFile, signal)
const clientKey = (signal?: string): Option<Secret> =>
  standard('CLIENT_KEY', 'PEM file of the private key of the client certificate.', pemKeyFile, signal)
const clientCertificate = (signal?: string): Option<string> =>
  standard('CLIENT_CERTIFICATE', 'PEM file of the client certificate.', pemFile, signal)

/** The table of {@link OtlpOptions}. */
export const otlpOptions: OtlpOptions = {
  endpoint: {
    ...standard(
      'ENDPOINT',
      'The base address of the receiver; /v1/traces, /v1/logs and /v1/metrics are appended.',
      httpUrl,
    ),
    default: 'http://localhost:4318',
  },
  tracesEndpoint: endpoint('traces'),
  logsEndpoint: endpoint('logs'),
  metricsEndpoint: endpoint('metrics'),
  headers: headersOf(),
  tracesHeaders: headersOf('traces'),
  logsHeaders: headersOf('logs'),
  metricsHeaders: headersOf('metrics'),
  timeoutMs: { ...timeoutMs(), default: 10_000 },
  tracesTimeoutMs: timeoutMs('traces'),
  logsTimeoutMs: timeoutMs('logs'),
  metricsTimeoutMs: timeoutMs('metrics'),
  compression: { ...compressionOf(), default: 'gzip' },
  tracesCompression: compressionOf('traces'),
  logsCompression: compressionOf('logs'),
  metricsCompression: compressionOf('metrics'),
  protocol: { ...protocolOf(), default: 'http/protobuf' },
  tracesProtocol: protocolOf('traces'),
  logsProtocol: protocolOf('logs'),
  metricsProtocol: protocolOf('metrics'),
  certificate: certificate(),
  tracesCertificate: certificate('traces'),
  logsCertificate: certificate('logs'),
  metricsCertificate: certificate('metrics'),
  clientKey: clientKey(),
  tracesClientKey: clientKey('traces'),
  logsClientKey: clientKey('logs'),
  metricsClientKey: clientKey('metrics'),
  clientCertificate: clientCertificate(),
  tracesClientCertificate: clientCertificate('traces'),
  logsClientCertificate: clientCertificate('logs'),
  metricsClientCertificate: clientCertificate('metrics'),
}
