import type { HrTime } from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'

/** The time field of a pino line: what pino's `timestamp` function wrote. */
export interface TimeField {
  readonly key: string
  readonly value: unknown
  /** Undefined where the value is no point in time that can be understood. */
  readonly hrTime: HrTime | undefined
  /** False where more was written than this field. */
  readonly isAlone: boolean
}

const isoNanoseconds = /^(.*T\d\d:\d\d:\d\d)\.(\d{4,9})(Z|[+-]\d\d:?\d\d)$/

/**
 * Reads what a pino `timestamp` function returned: `,"time":1731672000123` or any other member of a JSON object.
 *
 * Understood are epoch seconds, milliseconds, microseconds and nanoseconds, told apart by size, and ISO 8601 up to the
 * nanosecond; that covers `epochTime`, `unixTime`, `isoTime` and `isoTimeNano`. Undefined for `nullTime`.
 */
export function readTime(written: unknown): TimeField | undefined {
  if (typeof written !== 'string' || written.length < 4) return undefined
  if (written === lastWritten) return lastTime
  lastTime = readEpochTime(written) ?? readMember(written)
  lastWritten = written
  return lastTime
}

// Lines come in bursts, several in a millisecond.
let lastWritten = ''
let lastTime: TimeField | undefined
let lastMillis = 0
let lastHrTime: HrTime = [0, 0]

/** Milliseconds since the epoch as OpenTelemetry has them; shared by all records of one millisecond. */
export function hrTimeOf(millis: number): HrTime {
  if (millis !== lastMillis) {
    lastHrTime = millisToHrTime(millis)
    lastMillis = millis
  }
  return lastHrTime
}

const epochTimeStart = ',"time":'
const epochTimeLength = epochTimeStart.length + 13

/** What `epochTime` writes, pino's default: nearly every line has it, and it need not be parsed. */
function readEpochTime(written: string): TimeField | undefined {
  if (written.length !== epochTimeLength || !written.startsWith(epochTimeStart)) return undefined
  const value = Number(written.slice(epochTimeStart.length))
  if (!(value >= 1e12)) return undefined
  const seconds = Math.floor(value / 1_000)
  return { key: 'time', value, hrTime: [seconds, (value - seconds * 1_000) * 1e6], isAlone: true }
}

function readMember(written: string): TimeField | undefined {
  try {
    const members: unknown = JSON.parse(`{${written.slice(1)}}`)
    const [first, ...others] = Object.entries(members as Readonly<Record<string, unknown>>)
    if (first === undefined) return undefined
    const [key, value] = first
    return { key, value, hrTime: toHrTime(value), isAlone: others.length === 0 }
  } catch {
    return undefined
  }
}

function toHrTime(value: unknown): HrTime | undefined {
  if (typeof value === 'number') return fromEpoch(value)
  if (typeof value !== 'string') return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return fromEpoch(Number(value))
  const [, toSecond, fraction, zone] = isoNanoseconds.exec(value) ?? []
  if (fraction !== undefined) {
    const millis = Date.parse(`${toSecond}${zone}`)
    return Number.isNaN(millis) ? undefined : [millis / 1_000, Number(fraction.padEnd(9, '0'))]
  }
  const millis = Date.parse(value)
  return Number.isNaN(millis) || millis < 0 ? undefined : millisToHrTime(millis)
}

function fromEpoch(value: number): HrTime | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined
  if (value < 1e11) return millisToHrTime(value * 1e3)
  if (value < 1e14) return millisToHrTime(value)
  if (value < 1e17) return millisToHrTime(value / 1e3)
  return value < 1e20 ? millisToHrTime(value / 1e6) : undefined
}
