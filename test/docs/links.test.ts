import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

it.each(globSync(['*.md', 'docs/**/*.md'], { cwd: root }))('%s links to files that exist', (file) => {
  const text = readFileSync(join(root, file), 'utf8')
  const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target = '']) => target)
  expect(targets.filter((target) => !existsSync(join(root, dirname(file), target)))).toEqual([])
})
