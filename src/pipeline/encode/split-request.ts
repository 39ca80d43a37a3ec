import { fieldsOf, type Field } from '../../transport/protobuf-fields.ts'

/** Half of a request. */
export interface Half {
  readonly bytes: Buffer
  readonly count: number
}

interface ScopeGroup {
  readonly head: readonly Buffer[]
  readonly items: readonly Buffer[]
}

interface ResourceGroup {
  readonly head: readonly Buffer[]
  readonly scopes: readonly ScopeGroup[]
}

/** The repeated messages of an export request, of its resources, and of their scopes: in traces and logs alike. */
const numberOf = { resource: 1, scope: 2, item: 2 } as const

/**
 * Takes an OTLP export request of spans or log records apart into two of half as many each.
 *
 * Undefined where there are not two items in it, or where it is no such request.
 */
export function splitRequest(request: Buffer): readonly [Half, Half] | undefined {
  const groups = groupsOf(request)
  const count = groups?.reduce((sum, { scopes }) => sum + scopes.reduce((all, { items }) => all + items.length, 0), 0)
  if (groups === undefined || count === undefined || count < 2) return undefined
  const middle = Math.ceil(count / 2)
  return [
    { bytes: part(groups, 0, middle), count: middle },
    { bytes: part(groups, middle, count), count: count - middle },
  ]
}

function groupsOf(request: Buffer): ResourceGroup[] | undefined {
  const fields = fieldsOf(request, 0, request.length)
  return allOf(fields, (field) => {
    const inner = fieldsOf(request, field.content, field.end)
    const scopes = allOf(
      inner?.filter(({ number }) => number === numberOf.scope),
      (scope) => {
        const members = fieldsOf(request, scope.content, scope.end)
        return (
          members && {
            head: whole(request, members, numberOf.item, false),
            items: whole(request, members, numberOf.item, true),
          }
        )
      },
    )
    return inner && scopes && { head: whole(request, inner, numberOf.scope, false), scopes }
  })
}

/** What is made of all; undefined where one could not be made. */
function allOf<Item, Made>(
  items: readonly Item[] | undefined,
  make: (item: Item) => Made | undefined,
): Made[] | undefined {
  const made = items?.map(make)
  return made?.every((each) => each !== undefined) === true ? made : undefined
}

/** The fields that have a number, or have not, each with its tag. */
function whole(request: Buffer, fields: readonly Field[], number: number, has: boolean): Buffer[] {
  return fields
    .filter((field) => (field.number === number) === has)
    .map(({ start, end }) => request.subarray(start, end))
}

/** The request with the items from `from` up to `to`, counted over all of it, and with no group that is empty. */
function part(groups: readonly ResourceGroup[], from: number, to: number): Buffer {
  let at = 0
  const resources: Buffer[] = []
  for (const { head, scopes } of groups) {
    const kept: Buffer[] = []
    for (const { head: scopeHead, items } of scopes) {
      const own = items.slice(Math.max(0, from - at), Math.max(0, to - at))
      at += items.length
      if (own.length > 0) kept.push(message(numberOf.scope, [...scopeHead, ...own]))
    }
    if (kept.length > 0) resources.push(message(numberOf.resource, [...head, ...kept]))
  }
  return Buffer.concat(resources)
}

function message(number: number, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length: number[] = []
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      length.push(rest)
      break
    }
    length.push((rest % 128) + 128)
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content])
}
