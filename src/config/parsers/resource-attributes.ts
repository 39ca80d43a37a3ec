import { ValueError } from '../option.ts'
import { pairs } from './pairs.ts'

/**
 * Resource attributes: `name=value` pairs as in `OTEL_RESOURCE_ATTRIBUTES`, or an object in a file or in code.
 *
 * By the Resource SDK specification one bad item makes the whole variable worthless; here it is a {@link ValueError}.
 */
export function resourceAttributes(raw: unknown): Readonly<Record<string, string>> {
  if (typeof raw === 'string') return made(pairs(raw))
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
    return made(Object.entries(raw).map(([name, value]) => [name, valueOf(name, value)] as const))
  }
  throw new ValueError('is neither text nor an object', 'Write name=value pairs, or an object of names and values.')
}

function made(entries: ReturnType<typeof pairs>): Readonly<Record<string, string>> {
  return Object.fromEntries(entries)
}

function valueOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new ValueError(`has no text for ${JSON.stringify(name.slice(0, 60))}`, 'Attribute values are text.')
}
