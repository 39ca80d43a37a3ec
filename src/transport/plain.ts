/** Most characters of a string, elements of an array or keys of an object that are kept, and most levels of nesting. */
const maxStringLength = 16_384
const maxElements = 1_000
const maxDepth = 10

/** Most values that are kept of one attribute, all levels together. */
const maxValues = 5_000

/** A value that JSON can hold. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

interface Walk {
  readonly path: object[]
  left: number
}

/**
 * Makes of any value one that JSON can hold; never throws.
 *
 * Big integers become numbers where those are exact and else text, bytes base64, other typed arrays arrays, dates ISO
 * 8601, maps objects, sets arrays; `NaN` and the infinities are named. What is circular, too deep, too long or throws
 * when it is read is replaced by a word that says so.
 */
export function toPlain(value: unknown): Plain {
  return plain(value, { path: [], left: maxValues })
}

function plain(value: unknown, walk: Walk): Plain {
  walk.left -= 1
  switch (typeof value) {
    case 'string':
      return shortened(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'symbol':
      return shortened(String(value))
    case 'function':
      return '[Function]'
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : nested(value, walk)
  }
}

function nested(value: object, walk: Walk): Plain {
  if (walk.path.includes(value)) return '[Circular]'
  if (walk.left <= 0 || walk.path.length >= maxDepth) return Array.isArray(value) ? '[Array]' : '[Object]'
  walk.path.push(value)
  try {
    return ofObject(value, walk)
  } catch {
    return '[Unreadable]'
  } finally {
    walk.path.pop()
  }
}

function ofObject(value: object, walk: Walk): Plain {
  if (value instanceof Uint8Array) return base64(value)
  if (value instanceof ArrayBuffer) return base64(new Uint8Array(value))
  if (value instanceof DataView) return base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  if (ArrayBuffer.isView(value)) return elements(value as unknown as Iterable<unknown>, walk)
  if (Array.isArray(value) || value instanceof Set) return elements(value as Iterable<unknown>, walk)
  if (value instanceof Map) return entries([...value.keys()], (key) => value.get(key) as unknown, walk)
  if (value instanceof Error) return shortened(`${value.name}: ${value.message}`)
  if (hasToJson(value)) return plain(value.toJSON(), walk)
  return entries(Object.keys(value), (key) => (value as Record<string, unknown>)[key as string], walk)
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function elements(values: Iterable<unknown>, walk: Walk): Plain {
  const kept: Plain[] = []
  for (const element of values) {
    if (kept.length >= maxElements || walk.left <= 0) {
      kept.push('…')
      break
    }
    kept.push(plain(element, walk))
  }
  return kept
}

function entries(keys: readonly unknown[], read: (key: unknown) => unknown, walk: Walk): Plain {
  // Without a prototype a key named __proto__ is a key like any other.
  const kept = Object.create(null) as Record<string, Plain>
  for (const [index, key] of keys.entries()) {
    if (index >= maxElements || walk.left <= 0) {
      kept['…'] = `${keys.length - index} more`
      break
    }
    const member = readMember(key, read)
    if (member !== undefined) kept[shortened(String(key))] = plain(member, walk)
  }
  return kept
}

function readMember(key: unknown, read: (key: unknown) => unknown): unknown {
  try {
    return read(key)
  } catch {
    return '[Unreadable]'
  }
}

function base64(bytes: Uint8Array): string {
  const kept = bytes.subarray(0, Math.floor((maxStringLength * 3) / 4))
  return shortened(
    Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('base64'),
    bytes.length - kept.length,
  )
}

function shortened(text: string, bytesLeft = 0): string {
  if (bytesLeft > 0) return `${text}… (${bytesLeft} more bytes)`
  if (text.length <= maxStringLength) return text.toWellFormed()
  return `${text.slice(0, maxStringLength).toWellFormed()}… (${text.length - maxStringLength} more characters)`
}
