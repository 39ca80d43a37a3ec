import type { Option } from '../src/config/option.ts'

/** A variable as the generated files show it. */
export interface EnvVariable {
  readonly name: string
  readonly about: string
  /** The default, or what it is when it has none. */
  readonly fallback: string | undefined
  readonly example: string | undefined
  readonly isSecret: boolean
  readonly isRequired: boolean
}

const sizes = [
  [1_048_576, 'MiB'],
  [1_024, 'KiB'],
] as const

function printed(key: string, value: unknown): string | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined
  if (Array.isArray(value)) return value.join()
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value)
  const size = sizes.find(([bytes]) => key.endsWith('Bytes') && value % bytes === 0)
  if (size !== undefined) return `${value / size[0]}${size[1]}`
  return key.endsWith('Ms') && value % 1_000 === 0 ? `${value / 1_000}s` : String(value)
}

/** The variable that holds an option. */
export function variable(name: string, key: string, option: Option, defaultText?: string): EnvVariable {
  const isMs = name.startsWith('OTEL_') && typeof option.default === 'number'
  const value = isMs ? String(option.default) : printed(key, option.default)
  const fallback = value === undefined ? defaultText : `\`${value}\``
  const marks = { isSecret: option.secret === true, isRequired: option.required === true }
  return { name, about: option.about, fallback, example: option.example ?? value, ...marks }
}
