import { ValueError } from '../option.ts'

const form =
  'Write Authorization=Basic <base64 of instance id:token>, the base64 made with: printf "%s" "id:token" | base64 -w0'

/**
 * What a value of `Authorization` for HTTP Basic (RFC 7617) says; throws what exactly is wrong with it, without
 * showing any of it.
 */
export function basicCredentials(value: string): { readonly user: string; readonly password: string } {
  if (/^bearer\b/i.test(value)) throw new ValueError('uses Bearer where Basic is wanted', form)
  if (!/^basic/i.test(value)) throw new ValueError('does not begin with "Basic "', form)
  const rest = value.slice('basic'.length)
  if (rest.trim() === '') throw new ValueError('has nothing after "Basic"', form)
  if (rest.startsWith('%20'))
    throw new ValueError('has a %20 after "Basic" that was encoded twice', 'Write one %20, or a space.')
  if (!/^\s/.test(rest))
    throw new ValueError('has no space after "Basic"', 'Write "Basic " or "Basic%20" before the base64.')
  const base64 = rest.trim()
  if (/\s/.test(base64)) {
    throw new ValueError('has white space inside its base64: the line was wrapped', 'Make it on one line: base64 -w0.')
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    throw new ValueError('has characters after "Basic" that are not base64', form)
  const decoded = Buffer.from(base64, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon < 0) throw new ValueError('does not decode to id:token', form)
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}
