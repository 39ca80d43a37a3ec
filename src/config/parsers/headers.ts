import { ValueError } from '../option.ts'
import { Secret } from '../secret.ts'
import { pairs } from './pairs.ts'

/** Header values by lower-case name. All are kept as secrets: what a header holds cannot be told from its name. */
export type Headers = Readonly<Record<string, Secret>>

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
const fieldValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
/** Headers that say nothing that must not be seen; any other one may hold a credential, whatever its name. */
const harmless = /^(?:accept(?:-.*)?|content-.*|user-agent|x-scope-orgid|x-request-id)$/
const lineBreak = /[\r\n]/

/**
 * HTTP headers as `name=value,name=value` (by the OTLP exporter specification, values percent-decoded), or as an object
 * in a file or in code, where values are taken as they are.
 */
export function headers(raw: unknown): Headers {
  if (typeof raw === 'string') return made(listed(raw.trim()))
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Secret)) {
    return made(Object.entries(raw).map(([name, value]) => [name, valueOf(name, value)] as const))
  }
  throw new ValueError(
    'is neither text nor an object',
    'Write name=value pairs, or an object of header names and values.',
  )
}

function listed(list: string): ReturnType<typeof pairs> {
  if (lineBreak.test(list)) {
    throw new ValueError('has a line break in it', 'base64 wraps its lines: make the value with base64 -w0.')
  }
  if (/^[\w-]+\s*:/.test(list))
    throw new ValueError('has a ":" after the header name', 'Write name=value, not name: value.')
  return pairs(list)
}

function valueOf(name: string, value: unknown): string {
  if (value instanceof Secret) return value.reveal()
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new ValueError(`has no text for the header ${JSON.stringify(name.slice(0, 60))}`, 'Header values are text.')
}

function made(entries: ReturnType<typeof pairs>): Headers {
  const result = new Map<string, Secret>()
  for (const [name, value] of entries) {
    if (!token.test(name)) throw new ValueError('has a header name with characters that no header may have')
    if (!fieldValue.test(value)) {
      throw new ValueError(`has a control or non-Latin character in the value of ${JSON.stringify(name)}`)
    }
    result.set(name.toLowerCase(), new Secret(value))
  }
  return Object.freeze(Object.fromEntries(result))
}

/** The names of those headers that may hold a credential. */
export function credentialNames(given: Headers): readonly string[] {
  return Object.keys(given).filter((name) => !harmless.test(name))
}
