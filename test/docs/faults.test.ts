import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const page = readFileSync(join(import.meta.dirname, '../../docs/delivery.md'), 'utf8')
const rows = (page.split('<!-- faults:')[1] ?? '')
  .split('\n')
  .filter((line) => /^\| \d+ /.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| /, '').trim()))

it('the table of faults names every one of the 25, each with its books balanced', () => {
  expect([...new Set(rows.map(([fault = '']) => Number.parseInt(fault, 10)))]).toEqual(
    Array.from({ length: 25 }, (_, index) => index + 1),
  )
  expect(rows.filter((cells) => !/^balances, \d+ ×$/.test(cells[6] ?? ''))).toEqual([])
})

it('nothing is lost but what a backend refused, a disk damaged, or an open batch held when the process was killed', () => {
  const lossy = rows.filter((cells) => cells[4] !== '0').map(([fault = '']) => Number.parseInt(fault, 10))
  expect([...new Set(lossy)]).toEqual([11, 13, 14, 18, 19])
})
