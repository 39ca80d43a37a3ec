import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { diagnostics } from '../diagnostics.ts'
import { TelemetryError } from '../errors.ts'

const apiName = '@opentelemetry/api'
const globalKey = Symbol.for('opentelemetry.js.api.1')

type RegisteredApi = { readonly version?: string } & Readonly<Record<string, unknown>>

/**
 * Refuses to start beside another OpenTelemetry SDK: of two, the second is silently ignored by the API.
 *
 * @throws TelemetryError `ERR_SDK_CONFLICT`, saying what is registered and what to do.
 */
export function refuseSecondSdk(): void {
  const registered = (globalThis as Record<symbol, unknown>)[globalKey] as RegisteredApi | undefined
  if (registered === undefined) return
  const taken = ['trace', 'context', 'propagation', 'logs'].filter((name) => registered[name] !== undefined)
  if (taken.length > 0) {
    throw new TelemetryError(
      'ERR_SDK_CONFLICT',
      `another OpenTelemetry SDK is already registered in this process (${taken.join(', ')})`,
      {
        hint: 'Start only one: take out --require @opentelemetry/auto-instrumentations-node/register (also of NODE_OPTIONS), or the file that starts the other SDK.',
      },
    )
  }
  const own = ownApi()
  if (own !== undefined && registered.version !== own.version) {
    throw new TelemetryError(
      'ERR_SDK_CONFLICT',
      `${apiName} ${String(registered.version)} was used before start-up, ${own.version} is needed`,
      { hint: `Run: npm ls ${apiName}, and make every package use one version, or start signalbox first.` },
    )
  }
}

/** Says so when the application has a copy of the OpenTelemetry API of its own, and what comes of it. */
export function reportSecondApi(directory: string): void {
  const own = ownApi()
  const theirs = apiSeenFrom(join(directory, 'package.json'))
  if (own === undefined || theirs === undefined || own.path === theirs.path) return
  const effect = isCompatible(theirs.version, own.version)
    ? 'It shares our registration, at the price of a second copy in memory.'
    : 'Spans and logs made through it are lost: make both the same version.'
  const text = `the application has its own copy of ${apiName}, ${theirs.version} beside ${own.version}. ${effect}`
  diagnostics.once('warn', `${text} See: npm ls ${apiName}`)
}

/** An API may use the registration of a newer or equal minor version of the same major one. */
function isCompatible(version: string, registered: string): boolean {
  const [major, minor] = version.split('.').map(Number)
  const [registeredMajor, registeredMinor] = registered.split('.').map(Number)
  return major === registeredMajor && (minor ?? 0) <= (registeredMinor ?? 0)
}

function ownApi(): { path: string; version: string } | undefined {
  return apiSeenFrom(import.meta.url)
}

function apiSeenFrom(from: string): { path: string; version: string } | undefined {
  try {
    let directory = dirname(createRequire(from).resolve(apiName))
    while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory)
    const path = realpathSync(directory)
    const { version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version: string }
    return { path, version }
  } catch {
    return undefined
  }
}
