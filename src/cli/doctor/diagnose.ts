import { harmless } from '../../config/shown.ts'
import { fieldsOf } from '../../transport/protobuf-fields.ts'
import { answerDiagnoses } from './answer-diagnoses.ts'
import type { Evidence } from './evidence.ts'
import { networkDiagnoses } from './network-diagnoses.ts'
import type { Finding } from './report.ts'

/** Logfire takes what is at most an hour ahead of its clock, Loki ten minutes; other receivers take anything. */
const worstSkewMs = 10 * 60_000
const oddSkewMs = 60_000

/** What one attempt says is wrong, and what else is odd. */
export function diagnose(evidence: Evidence): readonly Finding[] {
  const found: Finding[] = []
  const { outcome, signal } = evidence
  if (outcome.kind !== 'delivered') {
    const table = [...networkDiagnoses, ...answerDiagnoses]
    const diagnosis = table.find((each) => each.when(evidence))
    if (diagnosis !== undefined) {
      found.push({
        severity: 'error',
        code: diagnosis.code,
        source: signal,
        message: harmless(evidence.hide(diagnosis.cause(evidence))),
        fix: harmless(diagnosis.fix(evidence)),
      })
    }
  } else if (isGarbage(evidence)) {
    found.push({
      severity: 'error',
      code: 'not_otlp',
      source: signal,
      message: `the answer was ${evidence.seen.status}, but with something that is no answer of an OTLP receiver`,
      fix: `Check ${evidence.places.endpoint}: a proxy or a web site may have answered.`,
    })
  }
  return [...found, ...clockFinding(evidence)]
}

/** A success whose body is neither empty nor an export response. */
function isGarbage({ seen }: Evidence): boolean {
  if (seen.start === '') return false
  const body = Buffer.from(seen.start)
  if (/json/i.test(seen.headers.get('content-type') ?? '')) return !/^\s*\{/.test(seen.start)
  // An export response has one field, and that is a message.
  return fieldsOf(body)?.every(({ number, value }) => number === 1 && value === undefined) !== true
}

function clockFinding({ seen, nowMs, type, signal }: Evidence): readonly Finding[] {
  const date = Date.parse(seen.headers.get('date') ?? '')
  const skewMs = nowMs - date
  if (Number.isNaN(skewMs) || Math.abs(skewMs) < oddSkewMs) return []
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  const isBad = Math.abs(skewMs) >= worstSkewMs
  const refused =
    type === 'logfire'
      ? 'Logfire refuses what is an hour ahead or a day old.'
      : 'Loki refuses what is ten minutes ahead.'
  return [
    {
      severity: isBad ? 'error' : 'warning',
      code: 'clock_skew',
      source: signal,
      message: `the clock of this machine is ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} ${skewMs > 0 ? 'ahead of' : 'behind'} that of the receiver`,
      fix: `Set the clock, or start its time service. ${refused}`,
    },
  ]
}
