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

const durations = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
] as const

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0

function printed(key: string, value: unknown): string | undefined {
  if (value === undefined || isEmpty(value)) return undefined
  if (Array.isArray(value)) return value.join()
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value)
  const size = sizes.find(([bytes]) => key.endsWith('Bytes') && value % bytes === 0)
  if (size !== undefined) return `${value / size[0]}${size[1]}`
  const duration = durations.find(([ms]) => key.endsWith('Ms') && value > 0 && value % ms === 0)
  return duration === undefined ? String(value) : `${value / duration[0]}${duration[1]}`
}

/** The variable that holds an option. */
export function variable(name: string, key: string, option: Option, defaultText?: string): EnvVariable {
  const isMs = name.startsWith('OTEL_') && typeof option.default === 'number'
  const value = isMs ? String(option.default) : printed(key, option.default)
  const fallback = value === undefined ? defaultText : `\`${value}\``
  const marks = { isSecret: option.secret === true, isRequired: option.required === true }
  return { name, about: option.about, fallback, example: option.example ?? value, ...marks }
}
