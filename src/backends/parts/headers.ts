import { nearestPackage } from '../../config/package-info.ts'
import { Secret } from '../../config/secret.ts'

/** Headers as they are sent, with their names in lower case. */
export function revealed(headers: Readonly<Record<string, string | Secret>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      value instanceof Secret ? value.reveal() : value,
    ]),
  )
}

/** What a receiver sees of who sent a request. */
export function userAgent(): string {
  return `signalbox/${nearestPackage(import.meta.dirname)?.version ?? 'unknown'}`
}
