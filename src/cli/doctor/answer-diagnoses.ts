import { shownUrl } from '../../backends/parts/shown-url.ts'
import { type Diagnosis, type Evidence, isHtml, saidBy, statusOf } from './evidence.ts'

const is =
  (...statuses: readonly number[]) =>
  (evidence: Evidence): boolean =>
    statuses.includes(statusOf(evidence))
const said = (evidence: Evidence): string => {
  const text = saidBy(evidence)
  return text === '' ? '' : `: ${text.slice(0, 300)}`
}
const answered = (evidence: Evidence): string => `the answer was ${statusOf(evidence)}${said(evidence)}`
/** Of metrics the answer is not seen: a success that is none is a page. */
const isPage = (evidence: Evidence): boolean =>
  statusOf(evidence) < 300 && 'reason' in evidence.outcome && /^http_2(?!60)/.test(evidence.outcome.reason)
const ofType = (type: string, when: (evidence: Evidence) => boolean) => (evidence: Evidence) =>
  evidence.type === type && when(evidence)
const doubled = /\/v1\/(?:traces|logs|metrics)\/v1\/(?:traces|logs|metrics)$/

/** What an answer means that is no success; the first that fits is it. */
export const answerDiagnoses: readonly Diagnosis[] = [
  {
    code: 'proxy_authentication',
    when: is(407),
    cause: answered,
    fix: () => 'A proxy stands in between and wants credentials; let this machine reach the receiver without it.',
  },
  {
    code: 'grafana_scope_missing',
    when: ofType('grafana', (evidence) => is(401, 403)(evidence) && /invalid scope/i.test(saidBy(evidence))),
    cause: ({ signal }) => `the token is good, but its access policy may not write ${signal}`,
    fix: ({ signal }) => `Give the access policy the scope ${signal}:write.`,
  },
  {
    code: 'grafana_credentials',
    when: ofType('grafana', is(401, 403)),
    cause: (evidence) => `instance id or token is wrong${said(evidence)}`,
    fix: ({ places }) =>
      `Copy the instance id from the OpenTelemetry card of the stack, not that of Loki or Tempo, and a token (glc_…) of the same stack, into ${places.credentials}.`,
  },
  {
    code: 'logfire_read_token',
    when: ofType('logfire', (evidence) => is(401, 403)(evidence) && /read token/i.test(saidBy(evidence))),
    cause: () => 'the token is a read token',
    fix: ({ places }) => `Make a write token (project settings, Write tokens) and set ${places.credentials} to it.`,
  },
  {
    code: 'logfire_token',
    when: ofType('logfire', is(401, 403)),
    cause: (evidence) => `the token is not known in this region${said(evidence)}`,
    fix: ({ places }) =>
      `Set ${places.credentials} to a write token (not a read token) of the region it is sent to: pylf_v1_us_… or pylf_v1_eu_….`,
  },
  {
    code: 'credentials',
    when: is(401, 403),
    cause: answered,
    fix: ({ places }) => `Set the credentials that the receiver wants in ${places.credentials}.`,
  },
  {
    code: 'usage_limit',
    when: is(402),
    cause: answered,
    fix: () => 'The usage limit of the account is reached: raise it, or wait for the next period.',
  },
  {
    code: 'signal_path_twice',
    when: (evidence) => is(404, 405)(evidence) && doubled.test(evidence.url.pathname),
    cause: ({ url }) => `the path ${url.pathname} has the path of the signal twice`,
    fix: ({ places }) => `Take /v1/… off ${places.endpoint}: it is appended for each signal.`,
  },
  {
    code: 'not_found',
    when: is(404, 405),
    cause: (evidence) => `there is no OTLP receiver at ${evidence.url.pathname} (${statusOf(evidence)})`,
    fix: ({ places, type }) =>
      type === 'logfire'
        ? `${places.endpoint} is the address alone, without a path.`
        : `Correct the path in ${places.endpoint}; for Grafana Cloud it ends with /otlp.`,
  },
  {
    code: 'html_answer',
    when: (evidence) => isHtml(evidence) || isPage(evidence),
    cause: (evidence) =>
      `a web page came back (${statusOf(evidence)}${said(evidence)}): a proxy or a web site answered, not a receiver`,
    fix: ({ places, proxyVariable }) =>
      `Check ${places.endpoint}${proxyVariable === undefined ? '' : `; ${proxyVariable} is not used by signalbox`}.`,
  },
  {
    code: 'too_large',
    when: is(413),
    cause: answered,
    fix: () =>
      'Even one small item is too large for the receiver: raise the body limit of the receiver or of the proxy before it.',
  },
  {
    code: 'rate_limited',
    when: is(429),
    cause: answered,
    fix: () => 'Wait, or raise the ingestion limit of the account; signalbox holds data and sends it again.',
  },
  {
    code: 'ingestion_blocked',
    when: is(260),
    cause: (evidence) => `Loki drops what it is sent: ingestion is blocked${said(evidence)}`,
    fix: () => 'Ask the operator of the stack to lift the block of ingestion.',
  },
  {
    code: 'partial_success',
    when: (evidence) => 'reason' in evidence.outcome && evidence.outcome.reason === 'partial_success',
    cause: (evidence) => `the receiver took the request, but not all of it${said(evidence)}`,
    fix: () => 'Do what the message says; for Logfire, check the clock of this machine first.',
  },
  {
    code: 'redirected',
    when: (evidence) => statusOf(evidence) >= 300 && statusOf(evidence) < 400,
    cause: ({ seen }) => `it is somewhere else: ${shownUrl(seen.headers.get('location') ?? 'no address was named')}`,
    fix: ({ places }) => `Set ${places.endpoint} to that address: redirects are not followed.`,
  },
  {
    code: 'receiver_failed',
    when: (evidence) => statusOf(evidence) >= 500 || is(408)(evidence),
    cause: answered,
    fix: () => 'The receiver, or a proxy before it, is in trouble: look into its log, and run this again.',
  },
  {
    code: 'refused',
    when: (evidence) => evidence.outcome.kind !== 'delivered',
    cause: answered,
    fix: ({ places }) =>
      `The receiver does not take the request: check that ${places.endpoint} is one for OTLP over HTTP in protobuf.`,
  },
]
