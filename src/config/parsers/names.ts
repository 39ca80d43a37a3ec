import { ValueError } from '../option.ts'
import type { PropagatorName } from '../types.ts'
import { listOf, oneOf, text } from './text.ts'

const propagators = listOf(oneOf('tracecontext', 'baggage', 'b3', 'b3multi', 'none'))

/** Propagators separated by commas, by the specification of `OTEL_PROPAGATORS`; `none` is an empty list. */
export function propagatorNames(raw: unknown): readonly PropagatorName[] {
  const names = propagators(raw)
  return names.includes('none') ? [] : names.filter((name) => name !== 'none')
}

const packagePrefix = '@opentelemetry/instrumentation-'

function instrumentation(raw: unknown): string {
  const given = text(raw).toLowerCase()
  const name = given.startsWith(packagePrefix) ? given.slice(packagePrefix.length) : given
  if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return name
  throw new ValueError('is no name of an instrumentation', `Write what follows ${packagePrefix}, such as pg.`)
}

const instrumentations = listOf(instrumentation)

/** Names of instrumentations; `auto` for all that are installed, `none` for an empty list. */
export function instrumentationNames(raw: unknown): readonly string[] | 'auto' {
  const names = instrumentations(raw)
  const special = names.find((name) => name === 'auto' || name === 'none')
  if (special === undefined) return names
  if (names.length > 1)
    throw new ValueError(`has names beside "${special}"`, `Write "${special}" alone, or leave it out.`)
  return special === 'auto' ? 'auto' : []
}
