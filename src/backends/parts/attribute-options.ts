import { createHmac } from 'node:crypto'
import { type Option, type OptionProblem, type OptionsOf, ValueError } from '../../config/option.ts'
import { listOf, secret, text } from '../../config/parsers/text.ts'
import type { Secret } from '../../config/secret.ts'
import { TelemetryError } from '../../errors.ts'
import { type AttributeRule, leftOut, type View } from '../view.ts'

/** Which attributes one backend does not get, or gets as a hash. */
export type AttributeOptions = {
  readonly dropAttributes: Option<readonly string[]>
  readonly hashAttributes: Option<readonly string[]>
  readonly hashKey: Option<Secret>
}

const pattern = (raw: unknown): string => {
  const given = text(raw)
  if (/^[^*\s]+\*?$/.test(given)) return given
  throw new ValueError('is no name of an attribute', 'Write user.email, or user.* for all that begin so.')
}

/** The table of {@link AttributeOptions}. */
export const attributeOptions: AttributeOptions = {
  dropAttributes: {
    about:
      'Attributes that it does not get, in spans, log records and of the process; `user.*` stands for all that begin so.',
    parse: listOf(pattern),
    example: 'user.email,process.command_args',
  },
  hashAttributes: {
    about: 'Attributes that it gets as a keyed hash: equal values stay equal, and nobody without the key learns them.',
    parse: listOf(pattern),
  },
  hashKey: {
    about: 'The key of that hash; the same for backends that are to have the same.',
    parse: secret,
    secret: true,
  },
}

/** What is wrong with {@link AttributeOptions} together. */
export function attributeProblems({ hashAttributes, hashKey }: Partial<OptionsOf<AttributeOptions>>): OptionProblem[] {
  if (hashAttributes === undefined || hashKey !== undefined) return []
  const hint = 'Make one with: openssl rand -base64 32'
  return [{ option: 'hashKey', message: 'is not set, and attributes are to be hashed', hint, missing: true }]
}

/**
 * A view without some attributes, and with some hashed: HMAC-SHA-256, the first 32 hexadecimal digits.
 *
 * Throws `ERR_CONFIG_INVALID` where the official exporters are to send: they know nothing of views.
 */
export function viewWith(
  view: View,
  { dropAttributes = [], hashAttributes = [], hashKey }: OptionsOf<AttributeOptions>,
  { name, exporter }: { readonly name: string; readonly exporter: 'own' | 'official' },
): View {
  if (dropAttributes.length === 0 && hashAttributes.length === 0) return view
  if (exporter === 'official') {
    throw new TelemetryError('ERR_CONFIG_INVALID', `the backend "${name}" cannot leave out or hash attributes`, {
      hint: 'Let this package send, or take the attributes out of its options: the official exporters send everything.',
    })
  }
  const [isDropped, isHashed] = [matcher(dropAttributes), matcher(hashAttributes)]
  const hashed = hashing(hashKey?.reveal() ?? '')
  const fingerprint = hashed('').slice(0, 8)
  return {
    ...view,
    id: `${view.id} -${dropAttributes.join(',')} #${hashAttributes.join(',')} ${fingerprint}`,
    ruleOf: (key, signal) => {
      if (isDropped(key)) return leftOut
      const rule = view.ruleOf?.(key, signal)
      return isHashed(key) && rule !== leftOut ? hashRule(hashed) : rule
    },
  }
}

function matcher(patterns: readonly string[]): (key: string) => boolean {
  const exact = new Set(patterns)
  const beginnings = patterns.filter((each) => each.endsWith('*')).map((each) => each.slice(0, -1))
  return (key) => exact.has(key) || beginnings.some((beginning) => key.startsWith(beginning))
}

const maxRemembered = 1_000

function hashing(key: string): (value: string) => string {
  const remembered = new Map<string, string>()
  return (value) => {
    const known = remembered.get(value)
    if (known !== undefined) return known
    const digest = createHmac('sha256', key).update(value).digest('hex').slice(0, 32)
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(value, digest)
    return digest
  }
}

function hashRule(hashed: (value: string) => string): AttributeRule {
  return (value) => {
    if (value === undefined || value === null) return value
    return hashed(typeof value === 'string' ? value : JSON.stringify(value))
  }
}
