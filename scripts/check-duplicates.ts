// Fails when an OpenTelemetry package would be installed twice. Two copies of the API do not see each other's spans, and
// a nested copy of the SDK triples the time of its import. The lockfile is read, so that the answer is the same everywhere.
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly name?: string; readonly version?: string }>>
}

/** Packages that are nested below one of these are not counted; each is a development tool with a reason. */
const exceptions: Readonly<Record<string, string>> = {
  'otlp-decoder': 'an old otlp-transformer under an alias: the last one with the generated protobuf decoders',
}

const scope = '@opentelemetry/'

/** Every `@opentelemetry/*` package that a lockfile holds more than once, with the places of its copies. */
export function duplicates(lockfile: Lockfile): string[] {
  const places = new Map<string, string[]>()
  for (const [path, entry] of Object.entries(lockfile.packages)) {
    const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    if (!name.startsWith(scope)) continue
    if (path.split('node_modules/').some((part) => Object.hasOwn(exceptions, part.replace(/\/$/, '')))) continue
    places.set(name, [...(places.get(name) ?? []), `${path} (${entry.version ?? 'no version'})`])
  }
  return [...places].filter(([, copies]) => copies.length > 1).map(([name, copies]) => `${name}: ${copies.join(', ')}`)
}

if (import.meta.main) {
  const file = resolve(process.argv[2] ?? join(dirname(import.meta.dirname), 'package-lock.json'))
  const found = duplicates(JSON.parse(readFileSync(file, 'utf8')) as Lockfile)
  for (const line of found) console.error(`installed more than once: ${line}`)
  process.exitCode = found.length === 0 ? 0 : 1
}
