import { Secret } from './secret.ts'

const masked = '***'
const longest = 80

const credentialInUrl = /\/\/[^/?#\s]*@/g
const queryValue = /([?&][^=&\s]*=)[^&\s]+/g
const scheme = /\b(Basic|Bearer)(?:\s|%20)*[\w+/=.~-]{4,}/gi
const knownToken = /\b(?:pylf_v|gl[a-z]{1,3}_|ey[IJ])[\w+/=.-]{4,}/g
const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** A value as a problem shows it: short, on one line, and with whatever looks like a credential masked. */
export function shown(raw: unknown, isSecret = false): string {
  if (isSecret || raw instanceof Secret) return masked
  if (typeof raw === 'number' || typeof raw === 'boolean' || raw === null) return String(raw)
  if (typeof raw !== 'string') return kindOf(raw)
  const safe = raw
    .replace(credentialInUrl, `//${masked}@`)
    .replace(queryValue, `$1${masked}`)
    .replace(scheme, `$1 ${masked}`)
    .replace(knownToken, masked)
  const short = safe.length > longest ? `${safe.slice(0, longest).toWellFormed()}…` : safe.toWellFormed()
  return harmless(JSON.stringify(short))
}

/** A text with every character written out that could move the cursor of a terminal, or hide or reorder what follows. */
export function harmless(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function kindOf(raw: unknown): string {
  if (Array.isArray(raw)) return 'the list'
  return typeof raw === 'object' ? 'the object' : `the ${typeof raw}`
}
