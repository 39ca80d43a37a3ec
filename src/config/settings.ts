import { batchSettings } from './batch-settings.ts'
import { metricsSettings } from './metrics-settings.ts'
import { redactionSettings } from './redaction-settings.ts'
import { spoolSettings } from './spool-settings.ts'
import { boolean, otelBoolean } from './parsers/boolean.ts'
import { diagnosticLevel } from './parsers/diagnostic-level.ts'
import { hostPatterns } from './parsers/host-pattern.ts'
import { peerServices, urlPath } from './parsers/http.ts'
import { duration, integer, ratio, size } from './parsers/number.ts'
import { instrumentationNames, propagatorNames } from './parsers/names.ts'
import { resourceAttributes } from './parsers/resource-attributes.ts'
import { tenantKeys } from './parsers/tenant-keys.ts'
import { listOf, oneOf, text } from './parsers/text.ts'
import { httpUrl } from './parsers/url.ts'
import { attributeKey } from './parsers/attribute-key.ts'
import { redactPath } from './parsers/redact-path.ts'
import type { Settings } from './setting.ts'

/** Attribute keys that always travel as baggage; `TELEMETRY_PROPAGATE_KEYS` adds to them. */
export const defaultPropagationKeys: readonly string[] = [
  'tenant.id',
  'tenant.app_name',
  'user.id',
  'workos.user.id',
  'user.email',
  'operation.type',
  'workflow.id',
  'job.id',
  'request.id',
]

/** Every setting that is not a backend's: what it means, how it is read, which variables hold it. */
export const settings: Settings = {
  disabled: {
    group: 'General',
    about: '`true` records nothing; context and propagation still work.',
    parse: boolean,
    parseOtel: otelBoolean,
    default: false,
    env: ['OTEL_SDK_DISABLED'],
    lenient: true,
  },
  diagnosticLevel: {
    group: 'General',
    about: 'How much the library says about itself on stderr: `none`, `error`, `warn`, `info` or `debug`.',
    parse: diagnosticLevel,
    default: 'warn',
    env: ['OTEL_LOG_LEVEL'],
    lenient: true,
  },
  shutdownTimeoutMs: {
    group: 'General',
    about: 'Longest a stop may take, over all backends together.',
    parse: duration(0),
    default: 3_000,
    env: ['TELEMETRY_SHUTDOWN_TIMEOUT'],
  },
  environment: {
    group: 'Service',
    about: 'Becomes `service.namespace` and `deployment.environment.name`.',
    parse: text,
    defaultText: '`production` where NODE_ENV is that, else `development`',
    env: ['TELEMETRY_ENVIRONMENT'],
    example: 'production',
  },
  serviceName: {
    group: 'Service',
    about: 'Becomes `service.name`.',
    parse: text,
    defaultText: 'the name in the nearest package.json',
    env: ['OTEL_SERVICE_NAME'],
    example: 'orders',
  },
  resource: {
    group: 'Service',
    about: 'Attributes of the service: `name=value` pairs separated by commas, values percent-encoded.',
    parse: resourceAttributes,
    env: ['OTEL_RESOURCE_ATTRIBUTES'],
    example: 'service.version=1.4.0,team=payments',
  },
  'propagation.to': {
    group: 'Propagation',
    about: 'Hosts that may learn the tenant: names, `*.suffix`, `loopback`, `*` for all, or `none`.',
    parse: hostPatterns,
    default: ['loopback', '*.internal', '*.flycast'],
    env: ['TELEMETRY_PROPAGATE_TO'],
  },
  'propagation.keys': {
    group: 'Propagation',
    about: `Attributes that travel to other services beside ${defaultPropagationKeys.join(', ')}.`,
    parse: listOf(attributeKey),
    default: [],
    env: ['TELEMETRY_PROPAGATE_KEYS'],
    example: 'order.id',
  },
  'propagation.edge': {
    group: 'Propagation',
    about: '`true` where requests come from outside the trust boundary: baggage that comes in is dropped.',
    parse: boolean,
    default: false,
    env: ['TELEMETRY_EDGE'],
  },
  'propagation.tenantKeys': {
    group: 'Propagation',
    about:
      'Key of 32 characters or more that signs tenant baggage; unsigned or altered baggage is ignored. Two, separated by a comma, to change it: the first signs, both are accepted.',
    parse: tenantKeys,
    default: [],
    env: ['TELEMETRY_TENANT_KEY'],
    secret: true,
  },
  'propagation.tenantTtlMs': {
    group: 'Propagation',
    about: 'How long signed tenant baggage of a request is good.',
    parse: duration(1_000),
    default: 5 * 60_000,
    env: ['TELEMETRY_TENANT_TTL'],
  },
  'propagation.jobTtlMs': {
    group: 'Propagation',
    about: 'How long signed tenant baggage of a job is good: from adding it to its last attempt.',
    parse: duration(1_000),
    default: 7 * 24 * 60 * 60_000,
    env: ['TELEMETRY_TENANT_JOB_TTL'],
  },
  propagators: {
    group: 'Propagation',
    about: 'Header formats: `tracecontext`, `baggage`, `b3`, `b3multi`, or `none`.',
    parse: propagatorNames,
    default: ['tracecontext', 'baggage'],
    env: ['OTEL_PROPAGATORS'],
    lenient: true,
  },
  'sampler.name': {
    group: 'Sampling',
    about: '`always_on`, `always_off`, `traceidratio`, or one of them as `parentbased_…`.',
    parse: oneOf(
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ),
    default: 'parentbased_always_on',
    env: ['OTEL_TRACES_SAMPLER'],
    lenient: true,
  },
  'sampler.ratio': {
    group: 'Sampling',
    about: 'Share of traces that `traceidratio` samplers record, from 0 to 1.',
    parse: ratio,
    default: 1,
    env: ['OTEL_TRACES_SAMPLER_ARG'],
    lenient: true,
  },
  instrumentations: {
    group: 'Instrumentation',
    about: 'Libraries to instrument: `auto` for all that are installed, `none`, or names such as `http,undici,pg`.',
    parse: instrumentationNames,
    default: 'auto',
    env: ['TELEMETRY_INSTRUMENTATIONS'],
  },
  'http.ignorePaths': {
    group: 'Instrumentation',
    about:
      'Paths of incoming requests that are not recorded, such as health checks; `/internal/*` is all that begins so.',
    parse: listOf(urlPath),
    default: [],
    env: ['TELEMETRY_IGNORE_PATHS'],
    example: '/health,/ready',
  },
  'http.peerServices': {
    group: 'Instrumentation',
    about: 'Names of services at other hosts, for the service map: `host=name` pairs separated by commas.',
    parse: peerServices,
    default: {},
    env: ['TELEMETRY_PEER_SERVICES'],
    example: 'api.stripe.com=stripe,db.internal:5432=orders-db',
  },
  'http.flyApiUrl': {
    group: 'Instrumentation',
    about: 'Base URL of the Fly Machines API; calls to it are named by their route, and get no baggage.',
    parse: httpUrl,
    defaultText: "Fly's own: `api.machines.dev`, `_api.internal`",
    env: ['FLY_FLAPS_BASE_URL'],
    lenient: true,
    example: 'http://_api.internal:4280',
  },
  'logging.level': {
    group: 'Logging',
    about: 'Level of the loggers of this package: `trace` to `fatal`, or `silent`.',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    env: ['TELEMETRY_LOG_LEVEL'],
  },
  'logging.redact': {
    group: 'Logging',
    about: "Paths to censor in log records, in pino's syntax, beside the usual secret names.",
    parse: listOf(redactPath),
    default: [],
    env: ['TELEMETRY_LOG_REDACT'],
    example: 'card.number,*.pin',
  },
  'logging.stdout': {
    group: 'Logging',
    about: "Whether the logger's JSON lines go to stdout.",
    parse: boolean,
    defaultText: 'true, unless `console` draws the records there',
    env: ['TELEMETRY_LOG_STDOUT'],
  },
  'logRecordLimits.attributeCount': {
    group: 'Logging',
    about: 'Most attributes a log record may have; what is over is dropped and counted on the record.',
    parse: integer(1),
    default: 128,
    env: ['OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
    lenient: true,
  },
  'logRecordLimits.attributeValueLength': {
    group: 'Logging',
    about: 'Longest text of a log attribute; what is over is cut.',
    parse: integer(1),
    defaultText: 'no limit',
    env: ['OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
    lenient: true,
  },
  ...redactionSettings,
  ...metricsSettings,
  ...batchSettings,
  ...spoolSettings,
  'queue.maxItems': {
    group: 'Delivery',
    about:
      'Most spans, and most log records, that wait for one backend in memory; past it the oldest go to disk, or are dropped.',
    parse: integer(1),
    default: 65_536,
    env: ['TELEMETRY_QUEUE_MAX_ITEMS'],
  },
  'queue.maxBytes': {
    group: 'Delivery',
    about: 'Most bytes of each that wait for one backend in memory.',
    parse: size(1_024),
    default: 32 * 1_024 * 1_024,
    env: ['TELEMETRY_QUEUE_MAX_BYTES'],
  },
}
