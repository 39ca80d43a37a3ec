import type { FieldName } from '../pipeline/log-line.ts'

/** The field that becomes a record's event name. */
export const eventNameField = 'otel.event.name'

// Grafana Loki reads a record's level out of attributes of these names before it looks at the severity number, and
// takes the others for the record's own.
const takenNames = new Set([
  'level',
  'lvl',
  'log.level',
  'severity',
  'severitytext',
  'severity_text',
  'severity_number',
  'detected_level',
  'time',
  'timestamp',
  'observed_timestamp',
  'trace_id',
  'span_id',
  'trace_flags',
  'flags',
  '__proto__',
])

/** Written by pino or an instrumentation of it, and what says whose the line is. */
const writtenEverywhere = ['pid', 'hostname', 'trace_id', 'span_id', 'trace_flags', eventNameField, 'tenant.id']

/** Names that are remembered; past it all are forgotten, so that names made of values cannot fill memory. */
const maxNames = 4_000

/**
 * The attribute name for a field of a log line.
 *
 * A field whose name means something else to a backend (`level`, `severity`, `time`, `trace_id`), or that no backend
 * can store (an empty one), is kept as `field.<name>`.
 */
export function attributeName(field: string): string {
  return takenNames.has(field.toLowerCase()) || !/[A-Za-z0-9]/.test(field) ? `field.${field}` : field
}

/** The fields of the lines of one kind of loggers, looked at once for each name. */
export class FieldNames {
  readonly #written: ReadonlySet<string>
  readonly #names = new Map<string, FieldName>()

  constructor(written: Iterable<string>) {
    this.#written = new Set([...writtenEverywhere, ...written])
  }

  of(field: string): FieldName {
    return this.#names.get(field) ?? this.#learn(field)
  }

  #learn(field: string): FieldName {
    const name = { attribute: attributeName(field), isPlain: !this.#written.has(field) }
    if (this.#names.size >= maxNames) this.#names.clear()
    this.#names.set(field, name)
    return name
  }
}
