import type { Attributes } from '@opentelemetry/api'

/** Most characters an attribute value of a tenant, or one read from baggage, may have. */
export const maxValueLength = 256

/** Most characters an attribute key may have. */
export const maxKeyLength = 128

const keyPattern = /^[A-Za-z][A-Za-z0-9_.-]*$/

// C0, DEL and C1 controls, line and paragraph separators, and the bidirectional controls that reorder what a reader sees.
const forgingCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

// Fields that a log line already has a meaning for: as an attribute they would forge the record's own level or time.
const reservedKeys = new Set([
  'level',
  'time',
  'msg',
  'pid',
  'hostname',
  'v',
  'err',
  'trace_id',
  'span_id',
  'trace_flags',
  'serializers',
  'formatters',
  'customLevels',
])

/** What is wrong with an attribute key, or undefined. */
export function keyFault(key: string): string | undefined {
  if (key.length > maxKeyLength) return `is longer than ${maxKeyLength} characters`
  if (!keyPattern.test(key)) return 'is not an attribute name (letters, digits, `.`, `_`, `-`, a letter first)'
  if (reservedKeys.has(key)) return 'is a field of every log line and cannot be set'
  return undefined
}

/** What is wrong with a text value, or undefined. */
export function textFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return `is ${value === null ? 'null' : `a ${typeof value}`}, not a string`
  if (value.trim() === '') return 'is empty'
  if (value.length > maxValueLength) return `is longer than ${maxValueLength} characters`
  if (forgingCharacters.test(value)) return 'has control characters'
  if (!value.isWellFormed()) return 'is not well-formed Unicode'
  return undefined
}

/** What is wrong with an attribute value of any allowed type, or undefined. */
export function valueFault(value: unknown): string | undefined {
  if (typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'is not a finite number'
  return textFault(value)
}

/** No attributes, shared. */
export const noAttributes: Readonly<Attributes> = Object.freeze({})

/** Tells whether an attribute names whom work is for. */
export function isIdentity(key: string): boolean {
  return /^(?:tenant|user|workos)\./.test(key)
}
