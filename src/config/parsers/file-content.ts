import { readFileSync } from 'node:fs'
import { ValueError } from '../option.ts'
import { Secret } from '../secret.ts'
import { text } from './text.ts'

/** The content of the PEM file at a path, relative to the working directory. */
export function pemFile(raw: unknown): string {
  const content = read(text(raw))
  if (content.includes('-----BEGIN ')) return content
  throw new ValueError('is not a PEM file', 'Name a file that begins with -----BEGIN.')
}

/** Like {@link pemFile}, for a private key. */
export function pemKeyFile(raw: unknown): Secret {
  return new Secret(pemFile(raw))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ValueError(`cannot be read (${code})`, 'Name a file that this process may read.')
  }
}
