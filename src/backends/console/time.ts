import type { HrTime } from '@opentelemetry/api'

/** An OpenTelemetry time as milliseconds since the epoch, or a duration as milliseconds. */
export function toMs(time: HrTime): number {
  return time[0] * 1_000 + time[1] / 1_000_000
}

const two = (value: number): string => String(value).padStart(2, '0')

/** Local time of day as `HH:MM:SS.mmm`; `--:--:--.---` for what is no time. */
export function timeOfDay(ms: number): string {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return '--:--:--.---'
  const millis = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`
}

/** The time in UTC by ISO 8601 with microseconds, or undefined for what is no time. */
export function isoTime(time: HrTime): string | undefined {
  const date = new Date(time[0] * 1_000)
  if (Number.isNaN(date.getTime())) return undefined
  const micros = Math.floor(time[1] / 1_000)
  return `${date.toISOString().slice(0, -4)}${String(micros).padStart(6, '0')}Z`
}

/** A duration for people, three digits of it: `420 µs`, `3.2 ms`, `1.24 s`, `2m 05s`, `3h 07m`. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '0 ms'
  if (ms === 0) return '0 ms'
  if (ms < 0.9995) return `${Math.max(1, Math.round(ms * 1_000))} µs`
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 9_995) return `${(ms / 1_000).toFixed(2)} s`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3_600)}h ${two(Math.floor((seconds % 3_600) / 60))}m`
}
