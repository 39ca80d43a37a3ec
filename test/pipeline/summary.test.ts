import { expect, it } from 'vitest'
import { saySummary, sayWhatIsLeft } from '../../src/pipeline/summary.ts'
import type { BackendStatus } from '../../src/pipeline/ledger.ts'
import { diagnostics } from '../../src/diagnostics.ts'

const all = (accepted: number) => ({ accepted, delivered: accepted, queued: 0, spooled: 0, dropped: {} })
const well: BackendStatus = { type: 'otlp', state: 'closed', traces: all(1_204), logs: all(1) }
const losing: BackendStatus = {
  type: 'grafana',
  state: 'closed',
  traces: { accepted: 20, delivered: 10, queued: 2, spooled: 3, dropped: { queue_full: 4, http_400: 1 } },
  lastProblem: { at: '2026-01-01T00:00:00.000Z', reason: 'http_503', message: '' },
}

function said(work: () => void): string[] {
  const lines: string[] = []
  const stop = diagnostics.listen(({ level, message }) => lines.push(`${level}: ${message}`))
  work()
  stop()
  return lines
}

it('at a stop is one line: information where everything arrived, a warning where not', () => {
  expect(said(() => saySummary({ well }))).toEqual(['info: stopped: "well" got 1,204 spans, 1 log record'])
  expect(said(() => saySummary({ well, losing }))).toEqual([
    'warn: stopped: "well" got 1,204 spans, 1 log record; "losing" got 10 of 20 spans (4 dropped as queue_full, 1 dropped as http_400, 3 on disk, 2 waiting)',
  ])
  expect(said(() => saySummary({}))).toEqual([])
})

it('in the last moment names what is on disk, and what is lost, by backend', () => {
  expect(said(() => sayWhatIsLeft({ well }, false))).toEqual([])
  expect(said(() => sayWhatIsLeft({ well, losing }, true))).toEqual([
    'warn: left on disk, for the next process to deliver: 3 items to "losing" (http_503).',
    'warn: not delivered before the process ended: 2 items to "losing" (http_503). A crash waits for no delivery; an uncaughtException handler that awaits stop() can.',
  ])
})
