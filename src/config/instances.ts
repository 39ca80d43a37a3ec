import { didYouMean } from './did-you-mean.ts'
import type { Given } from './given.ts'
import { inlineOf, placeOf } from './inline-options.ts'
import { isGoodName, type NameRules } from './instance-name.ts'
import { commonOptions, optionsFor, variablePrefix } from './instance-options.ts'
import { isRecord } from './object-layer.ts'
import type { OptionTable } from './option.ts'
import type { Report } from './report.ts'
import { shown } from './shown.ts'

/** One backend that is to be, before its options are read. */
export interface Instance {
  readonly name: string
  readonly type: string
  readonly table: OptionTable
  /** Options that stand beside the name in a file or in code. */
  readonly inline: ReadonlyMap<string, Given>
  /** The object itself, for one of the application's own. */
  readonly backend?: unknown
  /** Where it is named. */
  readonly source: string
}

const customType = 'custom'

/** The backends that a list names, each once; what is wrong is reported. `none` alone is an empty list. */
export function instancesOf(
  list: unknown,
  label: (index?: number) => string,
  rules: NameRules,
  report: Report,
): Instance[] {
  const isText = typeof list === 'string'
  const items: readonly unknown[] | undefined = isText ? splitList(list) : Array.isArray(list) ? list : undefined
  if (items === undefined) {
    report.problem(label(), `${shown(list)} is not a list of backends`, 'Write names separated by commas, or a list.')
    return []
  }
  if (isText && items.length === 0) {
    report.problem(label(), `${shown(list)} names no backend`, 'Write names separated by commas, or "none".')
    return []
  }
  const sourceOf = (index: number): string => (isText ? label() : label(index))
  const found: Instance[] = []
  items.forEach((item, index) => {
    if (isNone(item)) {
      if (items.some((each) => !isNone(each))) {
        report.problem(sourceOf(index), '"none" stands beside other backends', 'Write "none" alone, or leave it out.')
      }
      return
    }
    const instance = instanceOf(item, sourceOf(index), rules, report)
    if (instance !== undefined && isNew(instance, found, report)) found.push(instance)
  })
  return found
}

function splitList(list: string): string[] {
  const items = list.split(',').map((item) => item.replace(/\s+/g, '').toLowerCase())
  return [...new Set(items.filter((item) => item !== ''))]
}

function isNone(item: unknown): boolean {
  return typeof item === 'string' && item.trim().toLowerCase() === 'none'
}

function isNew(instance: Instance, before: readonly Instance[], report: Report): boolean {
  const { name, type, source } = instance
  const twin = before.find((each) => variablePrefix(each.name) === variablePrefix(name))
  if (twin === undefined) return true
  const isRepeated = twin.name === name && twin.type === type && twin.inline.size + instance.inline.size === 0
  if (isRepeated && type !== customType) return false
  report.problem(source, `two backends are named ${JSON.stringify(name)}`, `Give one another name: ${type}:other.`)
  return false
}

function instanceOf(item: unknown, source: string, rules: NameRules, report: Report): Instance | undefined {
  if (typeof item === 'string') {
    const [type = '', name = type, ...rest] = item
      .toLowerCase()
      .split(':')
      .map((part) => part.trim())
    if (rest.length === 0) return builtin(type, name, new Map(), source, rules, report)
    report.problem(source, `${shown(item)} has more than one ":"`, 'Write type:name.')
    return undefined
  }
  if (!isRecord(item)) {
    report.problem(source, `${shown(item)} is not a backend`, 'Write a name, or an object with "type" or "backend".')
    return undefined
  }
  return Object.hasOwn(item, 'backend') && item['type'] === undefined
    ? custom(item, source, rules, report)
    : typed(item, source, rules, report)
}

function typed(
  item: Readonly<Record<string, unknown>>,
  source: string,
  rules: NameRules,
  report: Report,
): Instance | undefined {
  const { type, name = type } = item
  if (typeof type !== 'string' || typeof name !== 'string') {
    const key = typeof type === 'string' ? 'name' : 'type'
    report.problem(placeOf(source, key), `the backend has no "${key}" that is text`, 'Write one, such as type: otlp.')
    return undefined
  }
  const kind = type.trim().toLowerCase()
  const table = Object.hasOwn(rules.types, kind) ? rules.types[kind]!.options : undefined
  const inline =
    table === undefined ? new Map<string, Given>() : inlineOf(item, ['type', 'name'], optionsFor(table), source, report)
  return builtin(kind, name.trim().toLowerCase(), inline, source, rules, report)
}

function custom(
  item: Readonly<Record<string, unknown>>,
  source: string,
  rules: NameRules,
  report: Report,
): Instance | undefined {
  const { signals, minLevel, sample, timeoutMs } = commonOptions
  const { name, backend } = item
  const inline = inlineOf(item, ['name', 'backend'], { signals, minLevel, sample, timeoutMs }, source, report)
  const isBackend =
    typeof backend === 'object' && backend !== null && typeof (backend as { deliver?: unknown }).deliver === 'function'
  if (!isBackend) {
    report.problem(
      placeOf(source, 'backend'),
      `${shown(backend)} has no "deliver" function`,
      'See docs/add-a-backend.md.',
    )
  }
  if (typeof name !== 'string')
    report.problem(placeOf(source, 'name'), 'the backend has no name', 'Give it one, such as "mine".')
  if (!isBackend || typeof name !== 'string' || !isGoodName(name, source, rules, report)) return undefined
  return { name, type: customType, table: {}, inline, backend, source }
}

function builtin(
  type: string,
  name: string,
  inline: ReadonlyMap<string, Given>,
  source: string,
  rules: NameRules,
  report: Report,
): Instance | undefined {
  const names = Object.keys(rules.types)
  if (!Object.hasOwn(rules.types, type)) {
    const hint = didYouMean(type, [...names, 'none'], `Take some of ${names.join(', ')}, or none.`)
    report.problem(source, `${shown(type)} is not a backend`, hint)
    return undefined
  }
  if (!isGoodName(name, source, rules, report)) return undefined
  return { name, type, table: rules.types[type]!.options, inline, source }
}
