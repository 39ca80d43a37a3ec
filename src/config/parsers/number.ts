import { ValueError } from '../option.ts'

/** Longest delay of a Node timer, in milliseconds: about 24 days. A longer one would fire at once. */
const maxDelayMs = 2_147_483_647

const unitMs: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
}
const quantity = /^(\d{1,16}(?:\.\d{1,6})?)\s*([a-z]{0,3})$/i

function measure(raw: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof raw === 'number') return raw
  const match = typeof raw === 'string' ? quantity.exec(raw.trim()) : null
  const unit = match?.[2]?.toLowerCase() ?? 'none'
  return match !== null && Object.hasOwn(units, unit) ? Math.round(Number(match[1]) * units[unit]!) : undefined
}

function within(value: number, min: number, max: number, unit: string): number {
  if (value < min) throw new ValueError(`is less than ${min}${unit}`, `Take ${min}${unit} or more.`)
  if (value > max) throw new ValueError(`is more than ${max}${unit}`, `Take ${max}${unit} or less.`)
  return value
}

/** Makes a parser for whole numbers from `min` to `max`. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): (raw: unknown) => number {
  return (raw) => {
    const value = typeof raw === 'string' && /^\s*[-+]?\d{1,16}\s*$/.test(raw) ? Number(raw) : raw
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
      throw new ValueError('is not a whole number', `Write digits alone, such as ${Math.max(min, 1_000)}.`)
    }
    return within(value, min, max, '')
  }
}

/** Makes a parser for durations, in milliseconds: `500ms`, `3s`, `2m`, `1h`, or a plain number of milliseconds. */
export function duration(minMs = 1): (raw: unknown) => number {
  return (raw) => {
    const value = measure(raw, unitMs)
    if (value === undefined || !Number.isFinite(value)) {
      throw new ValueError('is not a duration', 'Write 500ms, 3s, 2m, or a number of milliseconds.')
    }
    return within(Math.round(value), minMs, maxDelayMs, 'ms')
  }
}

/** Makes a parser for plain milliseconds, as the OpenTelemetry specification has durations. */
export function milliseconds(min = 1): (raw: unknown) => number {
  const parse = integer(min, maxDelayMs)
  return (raw) => {
    try {
      return parse(raw)
    } catch (error) {
      if (!(error instanceof ValueError) || measure(raw, unitMs) === undefined) throw error
      throw new ValueError(error.message, 'OTEL_* variables hold plain milliseconds, without a unit.')
    }
  }
}

/** Makes a parser for sizes, in bytes: `512KiB`, `1MiB`, `64KB`, or a plain number of bytes. */
export function size(minBytes: number): (raw: unknown) => number {
  return (raw) => {
    const value = measure(raw, unitBytes)
    if (value === undefined || !Number.isSafeInteger(value)) {
      throw new ValueError('is not a size', 'Write 512KiB, 1MiB, or a number of bytes.')
    }
    return within(value, minBytes, Number.MAX_SAFE_INTEGER, ' bytes')
  }
}

/** A number from 0 to 1. */
export function ratio(raw: unknown): number {
  const value = typeof raw === 'string' && /^\s*(?:\d+\.?\d*|\.\d+)\s*$/.test(raw) ? Number(raw) : raw
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    throw new ValueError('is not a number from 0 to 1', 'Write a share such as 0.25.')
  }
  return value
}
