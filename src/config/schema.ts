import convict from 'convict'
import { Given } from './given.ts'
import { type Option, ValueError } from './option.ts'
import type { Report } from './report.ts'
import { shown } from './shown.ts'

/** One leaf of the schema. */
export interface Entry {
  /** Dotted path, as in code. */
  readonly path: string
  readonly option: Option & { readonly lenient?: boolean }
  /** Variables that may hold it, strongest first. */
  readonly variables: readonly string[]
}

/** The environment without empty variables, which mean the same as unset ones. */
export type Env = Readonly<Record<string, string>>

/** The values of a set of entries, laid over each other from the weakest source to the strongest. */
export interface Values {
  /** Lays the values of a stronger source over those before. */
  overlay(layer: ReadonlyMap<string, Given>): void
  /** The value at a path, parsed; undefined where nobody gave a good one and there is no default. */
  get(path: string): unknown
  /** Where the value at a path comes from: a variable, a place in a file or in code; undefined for a default. */
  sourceOf(path: string): string | undefined
  /** True where a value was given, good or bad. */
  isGiven(path: string): boolean
  /** True where a value was given and is bad. */
  isBad(path: string): boolean
  /** The value as it was given. */
  rawOf(path: string): unknown
}

type Parsed = { readonly given: Given; readonly value: unknown; readonly bad: boolean }
type SchemaNode = { [key: string]: SchemaNode | convict.SchemaObj<unknown> }

const separator = '.'

/** Builds the convict schema of the entries, imports the environment, and checks every layer that is laid over it. */
export function createValues(entries: readonly Entry[], env: Env, report: Report): Values {
  const parsed = new Map<string, Parsed>()
  const schema: SchemaNode = {}
  for (const entry of entries) {
    const variable = entry.variables.find((name) => Object.hasOwn(env, name))
    place(schema, entry.path.split(separator), {
      doc: entry.option.about,
      default: null,
      sensitive: entry.option.secret === true,
      ...(variable !== undefined && { env: variable }),
      // Convict keeps what a source gives; parsing here, and not in its coercion, finds all problems and not the first.
      format: (value: unknown) => {
        if (value === null) return
        const given = value instanceof Given ? value : new Given(value, variable ?? entry.path)
        const before = parsed.get(entry.path)
        if (before !== undefined && before.given.raw === given.raw && before.given.source === given.source) return
        parsed.set(entry.path, parse(entry, given, report))
      },
    })
  }
  const config = convict<Record<string, unknown>>(schema, { env, args: [] })
  config.validate({ allowed: 'strict' })
  const defaults = new Map(entries.map(({ path, option }) => [path, option.default]))
  return {
    overlay: (layer) => {
      for (const [path, given] of layer) config.set(path, given)
      config.validate({ allowed: 'strict' })
    },
    get: (path) => {
      const found = parsed.get(path)
      return found === undefined || found.bad ? defaults.get(path) : found.value
    },
    sourceOf: (path) => parsed.get(path)?.given.source,
    isGiven: (path) => parsed.has(path),
    isBad: (path) => parsed.get(path)?.bad === true,
    rawOf: (path) => parsed.get(path)?.given.raw,
  }
}

function place(node: SchemaNode, [key, ...rest]: readonly string[], leaf: convict.SchemaObj<unknown>): void {
  if (key === undefined) return
  if (rest.length === 0) node[key] = leaf
  else place((node[key] ??= {}), rest, leaf)
}

function parse({ option, variables }: Entry, given: Given, report: Report): Parsed {
  const isStandard = given.source.startsWith('OTEL_') && variables.includes(given.source)
  try {
    const value = isStandard && option.parseOtel ? option.parseOtel(given.raw as string) : option.parse(given.raw)
    return { given, value, bad: false }
  } catch (error) {
    const { message, hint } = error instanceof ValueError ? error : new ValueError('cannot be read')
    const text = `${shown(given.raw, option.secret)} ${message}`
    if (isStandard && option.lenient === true) report.warn(given.source, `${text} and is ignored`, hint)
    else report.problem(given.source, text, hint)
    return { given, value: undefined, bad: true }
  }
}
