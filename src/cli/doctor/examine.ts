import { shownUrl } from '../../backends/parts/shown-url.ts'
import { builtinBackends } from '../../backends/registry.ts'
import { nearestPackage } from '../../config/package-info.ts'
import { type ConfigInput, resolveConfig } from '../../config/resolve.ts'
import type { Env } from '../../config/schema.ts'
import { withoutEmpty } from '../../config/sources.ts'
import type { ResolvedBackend, ResolvedConfig } from '../../config/types.ts'
import { isTelemetryError } from '../../errors.ts'
import { endpointsOf } from './endpoints.ts'
import { checkLive } from './live-check.ts'
import type { BackendReport, DoctorReport, Finding } from './report.ts'
import { backendValues, generalValues } from './shown-values.ts'
import { backendFindings, generalFindings, proxyVariableOf } from './static-checks.ts'
import { testItems, type TestItems } from './test-items.ts'
import { valueSources, type ValueSources } from './value-sources.ts'
import { whereToLook } from './where-to-look.ts'

/** Checks the configuration of this environment; with `live`, by sending a span and a log record to every backend. */
export async function examine(environment: ConfigInput['env'], live: boolean): Promise<DoctorReport> {
  const cwd = process.cwd()
  const env = withoutEmpty(environment)
  const version = nearestPackage(import.meta.dirname)?.version ?? 'unknown'
  const common = { schema: 1, version, live } as const
  const config = configOf(env, cwd)
  if (Array.isArray(config)) return { ...common, ok: false, values: [], findings: config, backends: [] }
  const sources = valueSources(env, cwd, builtinBackends)
  const items = live ? testItems(config.resource, Date.now()) : undefined
  const backends = await Promise.all(config.backends.map((each) => reportOf(each, config, sources, env, items)))
  const findings = generalFindings(config, env, cwd)
  const all = [...findings, ...backends.flatMap((each) => each.findings)]
  return {
    ...common,
    ok: !all.some(({ severity }) => severity === 'error'),
    ...(items !== undefined && { traceId: items.traceId }),
    values: generalValues(config, sources),
    findings,
    backends,
  }
}

/** The configuration as `startTelemetry()` without arguments reads it, or what is wrong with it. */
function configOf(env: Env, cwd: string): ResolvedConfig | Finding[] {
  try {
    const isTerminal = process.stdout.isTTY
    return resolveConfig({ env, backendTypes: builtinBackends, isTerminal, cwd })
  } catch (error) {
    if (!isTelemetryError(error)) throw error
    return error.problems.map(({ source, message, hint }) => ({
      severity: 'error',
      code: 'config_invalid',
      source,
      message,
      ...(hint !== undefined && { fix: hint }),
    }))
  }
}

/** A query may hold a credential. */
function shownEndpoints(backend: ResolvedBackend): BackendReport['endpoints'] {
  return Object.fromEntries(Object.entries(endpointsOf(backend)).map(([signal, url]) => [signal, shownUrl(url)]))
}

async function reportOf(
  backend: ResolvedBackend,
  config: ResolvedConfig,
  sources: ValueSources,
  env: Env,
  items: TestItems | undefined,
): Promise<BackendReport> {
  const { name, type, signals } = backend
  const findings = backendFindings(backend, sources)
  const report = { name, type, signals, endpoints: shownEndpoints(backend), values: backendValues(backend, sources) }
  if (items === undefined) return { ...report, findings }
  const checked = await checkLive(backend, items, sources, proxyVariableOf(env))
  const wasTaken = checked.live.some(({ ok }) => ok)
  const look = wasTaken ? whereToLook(backend, items.traceId, String(config.resource['service.name'])) : []
  return { ...report, findings: [...findings, ...checked.findings], live: checked.live, look }
}
