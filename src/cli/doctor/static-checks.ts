import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isLoopbackUrl } from '../../config/parsers/url.ts'
import { Secret } from '../../config/secret.ts'
import { regionOf, regions } from '../../backends/parts/logfire-regions.ts'
import type { Env } from '../../config/schema.ts'
import type { ResolvedBackend, ResolvedConfig } from '../../config/types.ts'
import { endpointsOf } from './endpoints.ts'
import type { Finding } from './report.ts'
import type { ValueSources } from './value-sources.ts'

const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/** The variable that names a proxy, which is not used. */
export const proxyVariableOf = (env: Env): string | undefined => proxyVariables.find((name) => Object.hasOwn(env, name))

/** What can be seen of the whole configuration without sending. */
export function generalFindings(config: ResolvedConfig, env: Env, cwd: string): readonly Finding[] {
  const found: Finding[] = config.warnings.map((warning) => {
    const [source = '', ...rest] = warning.split(': ')
    return { severity: 'warning', code: 'config_warning', source, message: rest.join(': ').replace(/\.$/, '') }
  })
  if (config.disabled) {
    found.push({
      severity: 'warning',
      code: 'disabled',
      source: 'OTEL_SDK_DISABLED',
      message: 'telemetry is switched off',
      fix: 'Unset it to record and deliver.',
    })
  }
  if (config.backendsDefaulted) {
    found.push({
      severity: 'error',
      code: 'no_backends',
      source: 'TELEMETRY_BACKENDS',
      message: `it is not set: nothing is delivered${envFileHint(cwd)}`,
      fix: 'Set it to some of grafana, logfire, otlp, console; or to none.',
    })
  }
  const { spool } = config
  if (spool.mode !== 'off' && !isWritable(spool.dir)) {
    found.push({
      severity: 'warning',
      code: 'spool_not_writable',
      source: 'TELEMETRY_SPOOL_DIR',
      message: `${spool.dir} cannot be written: what waits is held in memory alone`,
      fix: 'Name a folder of this user, in a container one on a volume; or TELEMETRY_SPOOL=off.',
    })
  }
  const proxy = proxyVariableOf(env)
  const isFar = config.backends.some((each) => Object.values(endpointsOf(each)).some((url) => !isLoopbackUrl(url)))
  if (isFar && (proxy !== undefined || Object.hasOwn(env, 'NODE_USE_ENV_PROXY'))) {
    found.push({
      severity: 'warning',
      code: 'proxy_not_used',
      source: proxy ?? 'NODE_USE_ENV_PROXY',
      message: 'signalbox connects to backends directly and does not use a proxy',
      fix: 'Let this machine reach the backends without the proxy, or send to a collector that can, with the backend otlp.',
    })
  }
  return found
}

/** True where the folder can be written, or made: the nearest that there is can be. */
function isWritable(folder: string): boolean {
  let path = folder
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path)
  try {
    accessSync(path, constants.W_OK)
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** A `.env` that sets backends is not read by Node on its own: that is easily missed. */
function envFileHint(cwd: string): string {
  const file = join(cwd, '.env')
  try {
    const isMeant = existsSync(file) && /^\s*(?:export\s+)?TELEMETRY_BACKENDS\s*=/m.test(readFileSync(file, 'utf8'))
    return isMeant ? ' (.env sets it, but nothing reads that file: start node with --env-file=.env)' : ''
  } catch {
    return ''
  }
}

/** What can be seen of one backend without sending. */
export function backendFindings(backend: ResolvedBackend, sources: ValueSources): readonly Finding[] {
  const found: Finding[] = []
  const place = sources.place(backend, 'endpoint', 'baseUrl', 'tracesEndpoint', 'logsEndpoint')
  const urls = Object.values(endpointsOf(backend)).map((url) => new URL(url))
  const warn = (code: string, source: string, message: string, fix: string): void =>
    void found.push({ severity: 'warning', code, source, message, fix })
  if (urls.some(({ port }) => port === '4317'))
    warn('grpc_port', place, 'port 4317 is usually that of OTLP over gRPC', 'Take the HTTP port, usually 4318.')
  const queried = urls.find(isQueryAddress)
  if (queried !== undefined) {
    const fix = 'Copy the address from the OpenTelemetry card: https://otlp-gateway-<zone>.grafana.net/otlp.'
    warn('query_address', place, `${queried.hostname} is where data is looked at, not where it is sent`, fix)
  }
  if (urls.some(({ pathname }) => /(?:\/v1\/(?:traces|logs|metrics)){2}$/.test(pathname)))
    warn('signal_path_twice', place, 'the path of the signal is in it twice', 'Take one /v1/… off.')
  const region = regionMismatch(backend)
  if (region !== undefined)
    warn('wrong_region', place, region, 'Unset it: the token says where its region is; or take a token of that region.')
  if (backend.exporter === 'official') {
    const message =
      'it sends through the official exporters; --live checks the address and the credentials with its own client'
    found.push({
      severity: 'warning',
      code: 'official_exporter',
      source: sources.ofOption(backend, 'exporter'),
      message,
    })
  }
  return found
}

/** An address of a Grafana stack, or of one of its data sources, where that of the OTLP gateway is wanted. */
function isQueryAddress({ hostname }: URL): boolean {
  return hostname.endsWith('.grafana.net') && !hostname.startsWith('otlp-gateway-')
}

function regionMismatch({ type, options }: ResolvedBackend): string | undefined {
  const { token, baseUrl } = options as { readonly token?: unknown; readonly baseUrl?: unknown }
  if (type !== 'logfire' || !(token instanceof Secret) || typeof baseUrl !== 'string') return undefined
  const own = regionOf(token)
  const other = Object.entries(regions).find(([, url]) => new URL(url).host === new URL(baseUrl).host)?.[0]
  if (other === undefined || other === own) return undefined
  return `it is the address of the region "${other}", and the token is one of "${own}"`
}
