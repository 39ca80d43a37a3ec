import type { Attributes } from '@opentelemetry/api'

/** Adds the attributes of the work to a span's or a record's own, which stay as they are. */
export function stamp(own: Attributes, attributes: Readonly<Attributes>): void {
  for (const key in attributes) if (own[key] === undefined) own[key] = attributes[key]
}
