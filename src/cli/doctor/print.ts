import type { BackendReport, DoctorReport, Finding, ShownValue } from './report.ts'

const red = 31
const yellow = 33
const green = 32

/** The report as text for people. */
export function printed(report: DoctorReport, hasColours: boolean): string {
  const paint = (colour: number, text: string): string => (hasColours ? `\u001b[${colour}m${text}\u001b[39m` : text)
  const finding = ({ severity, source, message, fix }: Finding): string =>
    `  ${severity === 'error' ? paint(red, 'error') : paint(yellow, 'warning')} ${source}: ${message}.${fix === undefined ? '' : `\n        ${fix}`}`
  const backend = (each: BackendReport): string[] => [
    `${each.name}${each.name === each.type ? '' : ` (${each.type})`}`,
    ...Object.entries(each.endpoints).map(([signal, url]) => `  ${signal} -> ${url}`),
    ...each.values.map(shownValue),
    ...liveLines(each, (text) => paint(green, text), report.live),
    ...merged(each.findings).map(finding),
    ...(each.look ?? []).map((place) => `  look: ${place}`),
    '',
  ]
  const all = [...report.findings, ...report.backends.flatMap(({ findings }) => merged(findings))]
  const errors = all.filter(({ severity }) => severity === 'error').length
  const warnings = all.length - errors
  return [
    `signalbox ${report.version} doctor${report.live ? ' --live' : ''}`,
    ...report.values.map(shownValue),
    ...report.findings.map(finding),
    '',
    ...report.backends.flatMap(backend),
    `${counted(errors, 'problem')}, ${counted(warnings, 'warning')}.${report.live ? '' : ' Nothing was sent; --live sends a test span and log record.'}`,
    '',
  ].join('\n')
}

/** What is the same of several signals once, with all of their names. */
function merged(findings: readonly Finding[]): readonly Finding[] {
  const groups = new Map<string, Finding[]>()
  for (const each of findings) {
    const key = JSON.stringify([each.severity, each.message, each.fix])
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups.values()].map((group) => ({
    ...(group[0] as Finding),
    source: group.map(({ source }) => source).join(', '),
  }))
}

const shownValue = ({ name, value, source }: ShownValue): string => `  ${name} = ${value} (${source})`

function liveLines({ live = [] }: BackendReport, good: (text: string) => string, isLive: boolean): readonly string[] {
  if (isLive && live.length === 0) return ['  nothing to check live: it sends over no network']
  return live.map(({ signal, ok, status, tookMs }) => {
    const answer = status === undefined ? 'no answer' : `answered ${status}`
    return `  ${ok ? good('ok') : 'failed'} ${signal}: ${answer} in ${tookMs} ms`
  })
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
