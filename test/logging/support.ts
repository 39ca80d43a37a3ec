import type { LogRecordLimits } from '../../src/logging/attribute-sink.ts'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { DestinationStream } from 'pino'
import { onTestFinished } from 'vitest'
import { captureLogs } from '../../src/logging/capture.ts'
import { redactByConfig } from '../../src/logging/settings.ts'
import type { PendingLogRecord } from '../../src/pipeline/pending-log-record.ts'

export const resource: Resource = resourceFromAttributes({ 'service.name': 'api' })

export interface Captured {
  readonly entries: PendingLogRecord[]
  /** All records so far. */
  records(): ReadableLogRecord[]
  /** The only record so far. */
  record(): ReadableLogRecord
  stop(): void
}

/** Captures what pino loggers write until the test ends. */
export function capture(limits?: Partial<LogRecordLimits>): Captured {
  const entries: PendingLogRecord[] = []
  const stop = captureLogs((entry) => entries.push(entry), { resource, limits, redact: redactByConfig })
  onTestFinished(stop)
  const records = (): ReadableLogRecord[] => entries.map((entry) => entry.toRecord())
  return {
    entries,
    records,
    record: () => {
      const [only, ...more] = records()
      if (only === undefined || more.length > 0) throw new Error(`there are ${entries.length} records, not one`)
      return only
    },
    stop,
  }
}

export interface Lines extends DestinationStream {
  readonly text: string[]
  /** The only line so far, parsed. */
  line(): Record<string, unknown>
}

/** A destination that keeps its lines. */
export function lines(): Lines {
  const text: string[] = []
  return {
    text,
    write: (line) => text.push(line),
    line: () => {
      if (text.length !== 1) throw new Error(`there are ${text.length} lines, not one`)
      return JSON.parse(text[0] as string) as Record<string, unknown>
    },
  }
}

/** The keys of a JSON object text in the order written, repeated ones repeated. */
export function writtenKeys(line: string): string[] {
  const keys: string[] = []
  let depth = 0
  for (const [token, key] of line.matchAll(/[{}[\]]|"((?:[^"\\]|\\.)*)"(:?)/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && token.endsWith(':')) keys.push(key as string)
  }
  return keys
}
