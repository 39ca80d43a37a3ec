import { boolean } from './parsers/boolean.ts'
import { patterns } from './parsers/patterns.ts'
import { listOf, text } from './parsers/text.ts'
import type { Settings } from './setting.ts'

type RedactionSettings = Pick<Settings, Extract<keyof Settings, `redaction.${string}`>>

/** Secrets in spans and log records are censored before any backend has them. */
export const redactionSettings: RedactionSettings = {
  'redaction.enabled': {
    group: 'Redaction',
    about: '`false` leaves secrets in attributes, messages and statuses as they are; log lines are still censored.',
    parse: boolean,
    default: true,
    env: ['TELEMETRY_REDACT'],
  },
  'redaction.keys': {
    group: 'Redaction',
    about:
      'Last words of attribute names whose values are secrets, beside the usual ones such as `password` and `token`.',
    parse: listOf(text),
    default: [],
    env: ['TELEMETRY_REDACT_KEYS'],
    example: 'pin,licenseKey',
  },
  'redaction.safeKeys': {
    group: 'Redaction',
    about: 'Attributes that are left alone whatever they hold; `page.*` stands for all that begin so.',
    parse: listOf(text),
    default: [],
    env: ['TELEMETRY_REDACT_SAFE_KEYS'],
    example: 'next_page_token',
  },
  'redaction.patterns': {
    group: 'Redaction',
    about: 'Secrets known by their form: `name=regular expression`, separated by `;` or new lines.',
    parse: patterns,
    default: {},
    env: ['TELEMETRY_REDACT_PATTERNS'],
    example: String.raw`iban=\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b`,
  },
}
