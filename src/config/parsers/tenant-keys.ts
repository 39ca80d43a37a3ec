import { ValueError } from '../option.ts'
import { Secret } from '../secret.ts'
import { secret } from './text.ts'

const minLength = 32
const maxKeys = 2

/** One or two signing keys, separated by a comma or in a list: the first signs, both are accepted. */
export function tenantKeys(raw: unknown): readonly Secret[] {
  const given = raw instanceof Secret ? raw.reveal() : raw
  const items: readonly unknown[] = typeof given === 'string' ? given.split(',') : Array.isArray(given) ? given : []
  const keys = items.map(secret)
  if (keys.length === 0) throw new ValueError('holds no key', 'Make one with: openssl rand -base64 32')
  if (keys.some((key) => key.reveal().length < minLength))
    throw new ValueError(`has a key of fewer than ${minLength} characters`, 'Make one with: openssl rand -base64 32')
  if (keys.length > maxKeys) throw new ValueError('has more than two keys', 'Keep the new one and the one before it.')
  return keys
}
