import type { Diagnosis, Evidence } from './evidence.ts'

const hasCode =
  (...codes: readonly string[]) =>
  ({ seen }: Evidence): boolean =>
    seen.errorCode !== undefined && codes.includes(seen.errorCode)
const hasReason =
  (reason: string) =>
  ({ outcome }: Evidence): boolean =>
    'reason' in outcome && outcome.reason === reason
const isParserError = ({ seen, outcome }: Evidence): boolean =>
  seen.errorCode?.startsWith('HPE_') === true || ('message' in outcome && /Expected HTTP/.test(outcome.message ?? ''))

/** What keeps an answer from coming at all; the first that fits is it. */
export const networkDiagnoses: readonly Diagnosis[] = [
  {
    code: 'grpc_port',
    when: (evidence) =>
      evidence.url.port === '4317' &&
      evidence.seen.status === undefined &&
      (isParserError(evidence) || hasReason('connection_reset')(evidence)),
    cause: () => 'port 4317 is that of OTLP over gRPC, and it does not answer over HTTP',
    fix: ({ places }) => `Set ${places.endpoint} to the HTTP port of the receiver, usually 4318.`,
  },
  {
    code: 'dns_not_found',
    when: hasCode('ENOTFOUND'),
    cause: ({ url }) => `there is no host ${url.hostname} (ENOTFOUND)`,
    fix: ({ places }) => `Correct the host name in ${places.endpoint}.`,
  },
  {
    code: 'dns_unavailable',
    when: hasCode('EAI_AGAIN'),
    cause: ({ url }) => `no name server could say where ${url.hostname} is (EAI_AGAIN)`,
    fix: () => 'Check the DNS settings and the network of this machine or container.',
  },
  {
    code: 'connection_refused',
    when: hasCode('ECONNREFUSED'),
    cause: ({ url }) => `nothing listens at ${url.host} (ECONNREFUSED)`,
    fix: ({ places }) => `Start the receiver, or correct host and port in ${places.endpoint}.`,
  },
  {
    code: 'tls_self_signed',
    when: hasCode(
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_GET_ISSUER_CERT',
    ),
    cause: ({ url, seen }) => `the certificate of ${url.host} is from nobody that Node trusts (${seen.errorCode})`,
    fix: ({ places }) => `Set ${places.ca} to the PEM file of the authority that signed it.`,
  },
  {
    code: 'tls_expired',
    when: hasCode('CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'),
    cause: ({ url, seen }) => `the certificate of ${url.host} is not valid today (${seen.errorCode})`,
    fix: () => 'Renew the certificate of the receiver; check the clock of this machine.',
  },
  {
    code: 'tls_hostname',
    when: hasCode('ERR_TLS_CERT_ALTNAME_INVALID'),
    cause: ({ url }) => `the certificate is not for the host ${url.hostname}`,
    fix: ({ places }) => `Write in ${places.endpoint} a host name that the certificate has.`,
  },
  {
    code: 'https_to_http',
    when: hasCode('ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'),
    cause: ({ url }) => `https was spoken to ${url.host}, which speaks plain http`,
    fix: ({ places }) => `Write http:// in ${places.endpoint}, or take the https port of the receiver.`,
  },
  {
    code: 'http_to_https',
    when: (evidence) =>
      evidence.url.protocol === 'http:' &&
      (isParserError(evidence) ||
        /plain HTTP request was sent to HTTPS|Client sent an HTTP request to an HTTPS/i.test(evidence.seen.start)),
    cause: ({ url }) => `plain http was spoken to ${url.host}, which does not speak it`,
    fix: ({ places }) => `Write https:// in ${places.endpoint}, if that is the port for https.`,
  },
  {
    code: 'timeout',
    when: (evidence) => evidence.seen.status === undefined && hasReason('timeout')(evidence),
    cause: ({ url, timeoutMs }) => `no answer from ${url.host} within ${timeoutMs} ms`,
    fix: ({ places }) =>
      `Check firewalls and the address in ${places.endpoint}; ${places.timeout} is how long is waited.`,
  },
  {
    code: 'connection_reset',
    when: hasReason('connection_reset'),
    cause: ({ url }) => `${url.host} closed the connection without an answer`,
    fix: ({ url, places }) =>
      url.protocol === 'http:'
        ? `Check that ${places.endpoint} is an address for OTLP over plain http: a port for https closes such connections.`
        : `Check that ${places.endpoint} is an address for OTLP over HTTP; look into the log of the receiver.`,
  },
  {
    code: 'network_error',
    when: ({ seen }) => seen.status === undefined,
    cause: ({ url, outcome }) =>
      `no answer from ${url.host}: ${'message' in outcome ? (outcome.message ?? 'unknown error') : 'unknown error'}`,
    fix: ({ places }) => `Check the network and the address in ${places.endpoint}.`,
  },
]
