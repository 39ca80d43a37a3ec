import type { Problem } from '../../errors.ts'
import { isLoopback } from '../../tenant/hosts.ts'
import { keyFault } from '../../tenant/values.ts'
import type { AuthkitOptions } from './options.ts'

type Given = Readonly<Record<keyof AuthkitOptions, unknown>>

/** Past it a timer of Node fires at once. */
const longestTimerMs = 2_147_483_647

const checks: Readonly<
  Record<keyof AuthkitOptions, (value: unknown, given: Given) => [fault: string, hint: string] | undefined>
> = {
  clientId: (value) => {
    if (value === undefined || (isText(value) && /^(?!sk_)\w+$/.test(value))) return undefined
    return ['is no client id', 'Copy it from the WorkOS dashboard: client_…']
  },
  jwksUrl: (value, { clientId }) => {
    if (value !== undefined) return urlFault(value, 'Keys that come over plain http can be anybody’s.')
    if (clientId !== undefined) return undefined
    return [
      'is missing: neither clientId nor jwksUrl is given',
      'Give the client id of AuthKit, or the URL of its keys.',
    ]
  },
  issuers: (value, { clientId }) => {
    if (value === undefined && clientId !== undefined) return undefined
    if (value === undefined) return ['is missing', 'Name the issuers whose tokens you accept, or give clientId.']
    return isTexts(value) ? undefined : ['is no list of texts', 'Name one issuer or more, as they stand in `iss`.']
  },
  audience: (value) => {
    if (value === undefined || isText(value) || isTexts(value)) return undefined
    return ['is no text, nor a list of texts', 'Name one audience or more, as they stand in `aud`, or leave it out.']
  },
  algorithms: (value) => {
    const hint = 'Take algorithms with a public key: RS256, PS256, ES256, EdDSA, …'
    if (value === undefined) return undefined
    if (!Array.isArray(value)) return ['is no list', hint]
    const wrong: unknown = value.find(
      (name) => !isText(name) || !/^(?:RS|PS|ES)(?:256|384|512)$|^(?:EdDSA|Ed25519)$/.test(name),
    )
    return wrong === undefined && value.length > 0 ? undefined : [`has ${JSON.stringify(wrong ?? '')}`, hint]
  },
  claims: (value) => {
    const hint = 'Give the name of a claim, a function, or false: { "user.role": "role" }.'
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value === null) return ['is no object', hint]
    for (const [attribute, source] of Object.entries(value)) {
      const shown = JSON.stringify(attribute.slice(0, 60))
      const fault = keyFault(attribute)
      if (fault !== undefined) return [`has ${shown}, which ${fault}`, hint]
      const isSource = isText(source) || typeof source === 'function' || (source === false && attribute !== 'tenant.id')
      if (!isSource) return [`has no claim for ${shown}`, hint]
    }
    return undefined
  },
  clockToleranceMs: (value) => numberFault(value, 0),
  jwksCooldownMs: (value) => numberFault(value, 0),
  jwksCacheMaxAgeMs: (value) => numberFault(value, 0),
  jwksTimeoutMs: (value) => numberFault(value, 1, longestTimerMs),
  maxTokenBytes: (value) => numberFault(value, 1),
  resourceMetadataUrl: (value) =>
    value === undefined ? undefined : urlFault(value, 'Give the URL that clients can fetch.'),
}

/** Everything that is wrong with the options. A misspelt option counts: it may be a check that would not be made. */
export function problemsOf(options: unknown): Problem[] {
  if (typeof options !== 'object' || options === null)
    return [
      { source: 'options', message: 'authkit() takes an object', hint: 'Pass authkit({ clientId: "client_…" }).' },
    ]
  const given = options as Given
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(checks, name))
  return [
    ...unknown.map((name) =>
      problem(name.slice(0, 60), 'is no option', `Options are ${Object.keys(checks).join(', ')}.`),
    ),
    ...Object.entries(checks).flatMap(([name, check]) => {
      const found = check(given[name as keyof AuthkitOptions], given)
      return found === undefined ? [] : [problem(name, ...found)]
    }),
  ]
}

function problem(source: string, fault: string, hint: string): Problem {
  return { source, message: `${source} ${fault}`, hint }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isText)
}

function numberFault(
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): [string, string] | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most))
    return undefined
  return [`is ${typeof value === 'number' ? value : `a ${typeof value}`}`, `Give a whole number, ${least} or more.`]
}

/** A URL is part of a header, or says where trust comes from: none that a reader and a parser could take for two. */
function urlFault(value: unknown, hint: string): [string, string] | undefined {
  const isPlain = isText(value) && !/["\\\s]/.test(value) && URL.canParse(value)
  const url = isPlain ? new URL(value) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (url === undefined || !isSafe) return ['is no https URL', hint]
  return url.username === '' && url.password === ''
    ? undefined
    : ['has credentials', 'Keys are public: leave them out.']
}
