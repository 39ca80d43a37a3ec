import { isRecord } from './object-layer.ts'

/** Freezes plain objects and lists all the way down; instances of classes, such as secrets, are left as they are. */
export function freezeDeep<T>(value: T): T {
  if (!Array.isArray(value) && !isRecord(value)) return value
  for (const inner of Object.values(value)) freezeDeep(inner)
  return Object.freeze(value)
}
