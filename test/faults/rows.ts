import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Counts {
  readonly sent: number
  /** Different items that arrived. */
  readonly received: number
  readonly duplicated: number
  readonly lost: number
}

/** What one fault did. */
export interface Row extends Counts {
  /** Its number in the list, and what it is. */
  readonly fault: string
  readonly dropped: Readonly<Record<string, number>>
  readonly other: Counts
  /** How often the books were found to balance. */
  readonly checkpoints: number
  readonly peakBytes: number
  readonly note?: string
}

/** Where rows are gathered, set by the global set-up. */
export const rowsVariable = 'FAULT_ROWS'

export function addRow(row: Row): void {
  const dir = process.env[rowsVariable]
  if (dir !== undefined) writeFileSync(join(dir, `${randomUUID()}.json`), JSON.stringify(row))
}

export function readRows(dir: string): Row[] {
  const rows = readdirSync(dir).map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')) as Row)
  return rows.toSorted((one, other) => one.fault.localeCompare(other.fault, 'en', { numeric: true }))
}

const count = (value: number): string => value.toLocaleString('en')

/** The table of docs/delivery.md. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ fault, sent, received, duplicated, lost, dropped, other, checkpoints, note }) => {
    const reasons = Object.entries(dropped).map(([reason, items]) => `${count(items)} ${reason}`)
    const elsewhere = other.lost === 0 ? 'all' : `${count(other.received)} of ${count(other.sent)}`
    return `| ${fault} | ${count(sent)} | ${count(received)} | ${count(duplicated)} | ${count(lost)} | ${reasons.join(', ') || '–'} | balances, ${checkpoints} × | ${elsewhere} | ${note ?? ''} |`
  })
  const head = '| fault | sent | received | twice | lost | counted as | ledger | the other backend | |'
  return [head, '| --- | ---: | ---: | ---: | ---: | --- | --- | --- | --- |', ...lines].join('\n')
}
