import { readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/** What a package.json says of the package. */
export interface PackageInfo {
  readonly name: string
  readonly version: string | undefined
}

function read(folder: string): PackageInfo | undefined {
  try {
    const content = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as unknown
    const { name, version } = (content ?? {}) as { name?: unknown; version?: unknown }
    if (typeof name !== 'string' || name === '') return undefined
    return { name, version: typeof version === 'string' && version !== '' ? version : undefined }
  } catch {
    return undefined
  }
}

/** The nearest package.json that has a name, from a folder upwards. */
export function nearestPackage(folder: string): PackageInfo | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const found = read(at)
    if (found !== undefined || dirname(at) === at) return found
  }
}

/**
 * The package of the application: that of its entry file, or of the working directory where the entry file is unknown
 * or is a tool out of node_modules.
 */
export function applicationPackage(entry: string | undefined, cwd: string): PackageInfo | undefined {
  const isOwn = entry !== undefined && !entry.includes(`${sep}node_modules${sep}`)
  return (isOwn ? nearestPackage(dirname(entry)) : undefined) ?? nearestPackage(cwd)
}
