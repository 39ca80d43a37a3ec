import { ValueError } from '../option.ts'
import { text } from './text.ts'

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/

/** An attribute key that can travel as W3C baggage, whose keys are HTTP tokens. */
export function attributeKey(raw: unknown): string {
  const key = text(raw)
  if (token.test(key)) return key
  throw new ValueError('is no key that baggage can carry', 'Use letters, digits and . _ - only, at most 128.')
}
