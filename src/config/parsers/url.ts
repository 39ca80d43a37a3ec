import { ValueError } from '../option.ts'
import { text } from './text.ts'

const loopback = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/

/** An absolute http or https URL, without credentials in it. */
export function httpUrl(raw: unknown): string {
  const given = text(raw)
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || !/^https?:\/\//i.test(given)) {
    const hint = /^[\w.-]+(?::\d+)?(?:\/|$)/.test(given)
      ? `Write it with its scheme: https://… or http://….`
      : undefined
    throw new ValueError(
      'is not an http or https URL',
      hint ?? 'Write an address such as https://collector.example:4318.',
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new ValueError(
      'has a user name or password in it',
      'Take user:password@ out and send credentials as a header.',
    )
  }
  if (url.hash !== '') throw new ValueError('has a "#" in it', 'Take the "#" and what follows out.')
  return url.href
}

/** Tells whether a URL leads to this machine, so that what is sent there crosses no network. */
export function isLoopbackUrl(url: string): boolean {
  return loopback.test(new URL(url).hostname.replace(/\.$/, ''))
}

/** Tells whether what is sent to a URL can be read on the way: plain http to another machine. */
export function isPlaintext(url: string): boolean {
  return new URL(url).protocol === 'http:' && !isLoopbackUrl(url)
}

/** The address of a signal below a base address, by the OTLP exporter specification: `v1/<signal>` is appended. */
export function signalUrl(base: string, signal: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal}`
  return url.href
}

/** Like {@link httpUrl}, and refuses the address of one signal where that of all is wanted. */
export function baseUrl(raw: unknown): string {
  const url = httpUrl(raw)
  const [pasted] = /\/v1\/(?:traces|logs|metrics)\/?$/.exec(new URL(url).pathname) ?? []
  if (pasted === undefined) return url
  throw new ValueError(`ends in ${pasted}`, `Take ${pasted} off: it is appended for each signal.`)
}
