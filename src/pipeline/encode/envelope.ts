import type { Resource } from '@opentelemetry/resources'
import type { AttributeWriter } from './attribute-writer.ts'
import type { ProtoWriter } from './proto-writer.ts'

/** What spans and log records have in common: where they come from. */
export interface Located {
  readonly resource: Resource
  readonly instrumentationScope: Scope
}

export interface Scope {
  readonly name: string
  readonly version?: string | undefined
  readonly schemaUrl?: string | undefined
  readonly attributes?: Readonly<Record<string, unknown>> | undefined
  readonly droppedAttributesCount?: number | undefined
}

/** Items of one scope of one resource. */
type Scopes<Item> = Map<Scope, Item[]>

/** Items by resource and by scope, both in the order of their first item. */
export function grouped<Item extends Located>(items: readonly Item[]): Map<Resource, Scopes<Item>> {
  const resources = new Map<Resource, Scopes<Item>>()
  let resource: Resource | undefined
  let scopes: Scopes<Item> = new Map()
  let scope: Scope | undefined
  let group: Item[] = []
  for (const item of items) {
    if (item.resource !== resource) {
      resource = item.resource
      scopes = resources.get(resource) ?? new Map<Scope, Item[]>()
      resources.set(resource, scopes)
      scope = undefined
    }
    if (item.instrumentationScope !== scope) {
      scope = item.instrumentationScope
      group = scopes.get(scope) ?? []
      scopes.set(scope, group)
    }
    group.push(item)
  }
  return resources
}

/**
 * Writes the body of an export request: `ResourceSpans` or `ResourceLogs`, which have the same fields.
 *
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export function writeEnvelope<Item extends Located>(
  writer: ProtoWriter,
  attributes: AttributeWriter,
  items: readonly Item[],
  writeItem: (item: Item) => void,
): void {
  for (const [resource, scopes] of grouped(items)) {
    writer.reserve(1)
    writer.byte(0x0a)
    const start = writer.begin(3)
    writeResource(writer, attributes, resource)
    for (const [scope, group] of scopes) writeGroup(writer, attributes, scope, group, writeItem)
    writeOptionalText(writer, 0x1a, resource.schemaUrl)
    writer.end(start, 3)
  }
}

function writeResource(writer: ProtoWriter, attributes: AttributeWriter, resource: Resource): void {
  writer.reserve(1)
  writer.byte(0x0a)
  const start = writer.begin(2)
  attributes.write(0x0a, resource.attributes)
  writer.end(start, 2)
}

function writeGroup<Item>(
  writer: ProtoWriter,
  attributes: AttributeWriter,
  scope: Scope,
  items: readonly Item[],
  writeItem: (item: Item) => void,
): void {
  attributes.forgetPlaces()
  writer.reserve(1)
  writer.byte(0x12)
  const start = writer.begin(3)
  writeScope(writer, attributes, scope)
  for (const item of items) writeItem(item)
  writeOptionalText(writer, 0x1a, scope.schemaUrl)
  writer.end(start, 3)
}

function writeScope(writer: ProtoWriter, attributes: AttributeWriter, scope: Scope): void {
  writer.reserve(1)
  writer.byte(0x0a)
  const start = writer.begin(1)
  writeOptionalText(writer, 0x0a, scope.name)
  writeOptionalText(writer, 0x12, scope.version)
  if (scope.attributes !== undefined) attributes.write(0x1a, scope.attributes)
  writeCount(writer, 0x20, scope.droppedAttributesCount)
  writer.end(start, 1)
}

/** Nothing where the text is empty or missing: that is its default. */
export function writeOptionalText(writer: ProtoWriter, field: number, text: string | undefined): void {
  if (text === undefined || text === '') return
  writer.reserve(1)
  writer.byte(field)
  writer.text(text)
}

/** Nothing where the count is zero or missing: that is its default. */
export function writeCount(writer: ProtoWriter, field: number, count: number | undefined): void {
  if (count === undefined || !(count > 0)) return
  writer.reserve(6)
  writer.byte(field)
  writer.uint32(count)
}
