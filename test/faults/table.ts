import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRows, rowsVariable, tableOf } from './rows.ts'

const page = join(import.meta.dirname, '../../docs/delivery.md')
const [begin, end] = ['<!-- faults: npm run test:faults:write -->', '<!-- /faults -->']

/** Prints the table when all tests have run, and writes it into the documentation with `--mode write`. */
export function setup(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-fault-rows-'))
  process.env[rowsVariable] = dir
  return () => {
    const table = tableOf(readRows(dir))
    rmSync(dir, { recursive: true })
    console.log(`\n${table}\n`)
    if (!process.argv.includes('write')) return
    const text = readFileSync(page, 'utf8')
    const [before, rest = ''] = text.split(begin)
    const [, after = ''] = rest.split(end)
    writeFileSync(page, `${before}${begin}\n\n${table}\n\n${end}${after}`)
  }
}
