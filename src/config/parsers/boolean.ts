import { ValueError } from '../option.ts'

const words: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  false: false,
  '0': false,
  no: false,
}

/** `true`, `1`, `yes`, `false`, `0` or `no`, whatever the case. */
export function boolean(raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw
  const word = typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim().toLowerCase() : ''
  if (Object.hasOwn(words, word)) return words[word]!
  throw new ValueError('is neither true nor false', 'Write true or false.')
}

/**
 * `true`, whatever the case, is true; everything else is false, said where it is not `false`.
 *
 * By the OpenTelemetry specification, "Configuration types: boolean".
 */
export function otelBoolean(raw: unknown): boolean {
  const word = String(raw).trim().toLowerCase()
  if (word === 'true' || word === 'false') return word === 'true'
  throw new ValueError('is neither true nor false', 'Only "true" switches it on.')
}
